// A plugin of a pod is killed in ADD or in DEL, or containerd while one runs; what kubelet does then leaves nothing.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { containerd, needsContainerd } from '../support/containerd.ts';
import { nodeState } from '../support/left.ts';
import { BIN, has, sh, skip } from '../support/node.ts';
import { CHAINS, FULL } from '../support/pod-networks.ts';
import { until } from '../support/until.ts';
import { wrapPlugin } from '../support/wrapped-plugin.ts';

needsContainerd();
if (!has('strace')) skip('strace is not installed');
const node = containerd(BIN);
let rest = '';

test.before(async () => {
  node.writeConflist(CHAINS['five executions']);
  await node.start();
  await node.cri.remove(await node.cri.run('first', FULL));
  rest = nodeState();
});

test.after(() => node.remove());

/** Early, in the middle, and when nearly all is done. */
const POINTS = {
  bridge: [['sendto', 4], ['sendto', 17], ['write', 12]],
  portmap: [['write', 3], ['sendto', 30]],
  bandwidth: [['sendto', 3], ['sendto', 9]],
} as const;
const CASES = [
  ...Object.entries(POINTS).map(([plugin, points]) => ({ chain: 'five executions' as const, plugin, points })),
  { chain: 'one process' as const, plugin: 'cni-wasm', points: [['sendto', 17], ['write', 9], ['write', 25]] as const },
];

async function failure(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    return (error as Error).message;
  }
  return 'no failure';
}

for (const { chain, plugin, points } of CASES) {
  const wrapped = (): ReturnType<typeof wrapPlugin> => {
    node.writeConflist(CHAINS[chain]);
    return wrapPlugin(node.bin, BIN, plugin);
  };

  test(`${chain}: ${plugin} killed in ADD, then kubelet's next attempt`, async () => {
    const { killNext, fired } = wrapped();
    for (const [syscall, n] of points) {
      killNext('ADD', syscall, n);
      assert.match(await failure(node.cri.run('hit', { ...FULL, attempt: 0 })), /signal: killed|exit status 137/, `${syscall} ${n}`);
      assert.ok(fired());
      assert.is(nodeState(), rest, `killed at ${syscall} ${n}`);
    }
    const pod = await node.cri.run('hit', { ...FULL, attempt: 1 });
    await node.cri.stop(pod);
    await node.cri.remove(pod);
    assert.is(nodeState(), rest);
  });

  test(`${chain}: ${plugin} killed in DEL, then stopped again`, async () => {
    const { killNext, fired } = wrapped();
    for (const [syscall, n] of [points[0], points[1]]) {
      const pod = await node.cri.run('hit', FULL);
      killNext('DEL', syscall, Math.ceil(n / 3));
      assert.match(await failure(node.cri.stop(pod)), /signal: killed|exit status 137/, `${syscall} ${n}`);
      assert.ok(fired());
      await node.cri.stop(pod);
      await node.cri.remove(pod);
      assert.is(nodeState(), rest, `killed at ${syscall} ${Math.ceil(n / 3)}`);
    }
  });
}

/** From 1.6.37, 1.7.23 and 2.0 on containerd asks for no DEL of a pod whose ADD it has not seen the end of. */
const FORGETS = / v?(1\.6\.(3[7-9]|[4-9]\d)|1\.7\.(2[3-9]|[3-9]\d)|[2-9]\.)/;

test('containerd killed during ADD: the plugin ends as an orphan, and stopping the pod after the restart, or GC, leaves nothing', async () => {
  node.writeConflist(CHAINS['five executions']);
  const bridge = join(node.bin, 'bridge');
  const [pid, go] = [join(node.folder, 'pid'), join(node.folder, 'go')];
  rmSync(bridge);
  writeFileSync(bridge, `#!/bin/sh\nif [ ! -e ${go} ]; then echo $$ > ${pid}.new; mv ${pid}.new ${pid}; while [ ! -e ${go} ]; do sleep 0.05; done; fi\nexec ${join(BIN, 'bridge')}\n`, { mode: 0o755 });
  const lost = failure(node.cri.run('orphan', FULL));
  await until('bridge is called', () => existsSync(pid));
  await node.kill();
  await lost;
  writeFileSync(go, '');
  await until('the orphan ends', () => !existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`));
  await node.start();
  for (const pod of await node.cri.pods()) {
    await node.cri.stop(pod);
    await node.cri.remove(pod);
  }
  rmSync(bridge);
  symlinkSync(join(BIN, 'bridge'), bridge);
  if (FORGETS.test(sh('containerd', '--version'))) sh(join(BIN, 'cni-wasm'), 'gc');
  assert.is(nodeState(), rest);
});

test.run();
