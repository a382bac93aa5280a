// CNI_NETNS leads to another container's namespace by the time of DEL or CHECK: that container is left alone.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Conflist } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, inNetns, picture, sh, skip } from '../support/node.ts';
import { bandwidth, bridge, differs, list, ok, portmap } from './scenes.ts';
import { add, C1, call, check, del, fresh, nodePicture, type Container } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');

const C2: Container = { id: 'c2', netns: '/run/netns/c2', ifname: 'eth0' };
const CHAIN = list(bridge({ ipMasq: true, ipMasqBackend: 'nftables' }), portmap({ backend: 'nftables' }), bandwidth);

/** What a runtime that uses a path again does. `how` ends with another namespace at the path of c1. */
const SWAPS: Record<string, () => void> = {
  'the namespace of c2'() {
    sh('umount', C1.netns);
    sh('mount', '--bind', C2.netns, C1.netns);
  },
  'a fresh namespace'() {
    deleteNetns('c1');
    addNetns('c1');
    inNetns('c1', 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
  },
};

differs('DEL at a path where another container is by now leaves that one its interface', (who) => {
  const chain = list(bridge());
  fresh('c1', 'c2');
  const result = add(who, chain, C1);
  add(who, chain, C2);
  SWAPS['the namespace of c2']!();
  const ended = ok(call(who, 'DEL', chain, chain.plugins[0]!, C1, result));
  return { ended, eth0: /eth0/.test(inNetns('c2', 'ip', 'link')) };
}, { reference: { ended: true, eth0: false }, ours: { ended: true, eth0: true } });

for (const [what, swap] of Object.entries(SWAPS)) {
  for (const kept of [false, true]) {
    test(`${what} at its path, its own ${kept ? 'kept by a process' : 'gone'}: CHECK says so, DEL takes the host's side alone`, async () => {
      fresh('c1', 'c2');
      add('ours', CHAIN, C2);
      const before = nodePicture('c2');
      const result = add('ours', CHAIN, C1);
      const keeper = kept ? spawn('ip', ['netns', 'exec', 'c1', 'sleep', '60'], { stdio: 'ignore' }) : undefined;
      if (keeper) while (sh('ip', 'netns', 'pids', 'c1') === '') await new Promise((done) => { setTimeout(done, 5); });
      swap();
      const there = inNetns('c1', 'ip', '-o', 'link');
      const said = check('ours', CHAIN, C1, result);
      for (const text of Object.values(said)) assert.match(text, /container \\"c1\\" was attached in another network namespace than the one that is at \\"\/run\/netns\/c1\\" now/);
      assert.is(Object.keys(said).length, CHAIN.plugins.length);
      del('ours', CHAIN, C1, result);
      assert.is(inNetns('c1', 'ip', '-o', 'link'), there);
      assert.is(nodePicture('c2'), before);
      keeper?.kill('SIGKILL');
      fresh();
      deleteNetns('c1');
    });
  }
}

test('a fresh namespace with the number of the one that is gone, and a container in it that has an interface of the same name', () => {
  const chain: Conflist = list(bridge());
  fresh('c1');
  const result = add('ours', chain, C1);
  const number = (): number => statSync(C1.netns).ino;
  const before = number();
  // The kernel gives it again once it is done with the old one, though perhaps to somebody else.
  for (let tries = 0; tries === 0 || number() !== before; tries++) {
    if (tries === 500) throw new Error(`no namespace has got the number ${before} again`);
    deleteNetns('c1');
    addNetns('c1');
  }
  inNetns('c1', 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
  const there = inNetns('c1', 'ip', '-o', 'link');
  assert.match(Object.values(check('ours', chain, C1, result)).join(), /was attached in another network namespace/);
  del('ours', chain, C1, result);
  assert.is(inNetns('c1', 'ip', '-o', 'link'), there);
  deleteNetns('c1');
});

test('an ADD that was killed, and another container at the path before its DEL', () => {
  fresh('c1', 'c2');
  const chain: Conflist = list(bridge());
  add('ours', chain, C2);
  const before = picture(['c2']);
  const conf = JSON.stringify({ ...chain.plugins[0], cniVersion: '1.1.0', name: 'blue' });
  const env = { PATH: process.env['PATH']!, CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: C1.netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN };
  // Its last note before the result: everything is made.
  spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=rename:signal=KILL', `${BIN}/bridge`], { input: conf, env });
  assert.is.not(picture(['c2']), before, 'it was not killed half-way');
  SWAPS['the namespace of c2']!();
  del('ours', chain, C1);
  assert.is(picture(['c2']), before);
  deleteNetns('c1');
});

test.run();
