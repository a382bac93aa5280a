// What kubelet does after a failed DEL: several rounds of DEL for one container overlap, and the namespace vanishes between two plugins of a round.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, configFor, delAll, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { nodeState } from '../support/left.ts';
import { addNetns, BIN, deleteNetns } from '../support/node.ts';
import { CHAINS } from '../support/pod-networks.ts';
import { CAPABILITIES } from './switch-node.ts';

const ROUNDS = 3;
const target: Target = { containerId: 'c1', netns: '/run/netns/c1', ifname: 'eth0', path: [BIN], capabilityArgs: CAPABILITIES, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } };

async function del(list: Conflist, plugin: Conflist['plugins'][number], prevResult: unknown): Promise<void> {
  const { containerId, netns, ifname, env } = target;
  const child = spawn(join(BIN, plugin.type), [], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...env, CNI_COMMAND: 'DEL', CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: ifname, CNI_PATH: BIN },
  });
  child.stdin.end(JSON.stringify(configFor(list, plugin, target, prevResult)));
  const [said, code] = await Promise.all([text(child.stdout), new Promise((done) => { child.on('close', done); })]);
  assert.equal([code, said], [0, ''], plugin.type);
}

/** In reverse order; `between` is done after this many plugins. */
async function round(list: Conflist, prevResult: unknown, between: Record<number, () => void>): Promise<void> {
  for (const [at, plugin] of list.plugins.toReversed().entries()) {
    await del(list, plugin, prevResult);
    between[at + 1]?.();
  }
}

for (const [name, conflist] of Object.entries(CHAINS)) {
  const list = conflist as Conflist;
  for (const [what, forgets, vanishes] of [
    ['', false, undefined], [', without the result of ADD', true, undefined], [', and the namespace vanishes in the middle', false, Math.min(2, list.plugins.length)],
  ] as const) {
    test(`${name}: ${ROUNDS} rounds of DEL at once${what}`, async () => {
      addNetns('c1');
      delAll(list, target, addAll(list, target));
      const before = nodeState();
      const result = addAll(list, target);
      const first = vanishes === undefined ? {} : { [vanishes]: () => deleteNetns('c1') };
      await Promise.all(Array.from({ length: ROUNDS }, (_, n) => round(list, forgets ? undefined : result, n === 0 ? first : {})));
      if (vanishes !== undefined) addNetns('c1');
      assert.is(nodeState(), before);
      deleteNetns('c1');
    });
  }
}

test.run();
