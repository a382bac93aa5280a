// tuning behind bridge on the fake kernel: what ADD changes DEL gives back, and an ADD that fails at any change leaves the node as it was.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { chainOf, fakeNode } from '../support/fake-host.ts';
import { files } from '../support/node.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'cni-wasm-tuning-'));
const backup = join(dataDir, 'c1_eth0.json');
test.after(() => rmSync(dataDir, { recursive: true }));

const bridge = { type: 'bridge', bridge: 'cni0', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } };
const tuning = {
  type: 'tuning', dataDir, mac: '02:00:00:00:00:99', mtu: 1400, promisc: true, allmulti: true, txQLen: 77,
  sysctl: { 'net.ipv4.conf.IFNAME.arp_accept': '1', 'net.core.somaxconn': '99', 'net.ipv4.route.flush': '1' },
};
const plugins = [bridge, tuning];
type Node = ReturnType<typeof fakeNode>;
const eth0 = (node: Node): string => node.kernel.dump().split('\n').find((line) => /^link \d+ eth0 /.test(line)) ?? 'none';
const picture = (node: Node): string => `${node.picture()}\n${files(dataDir).join('\n')}`;

test('ADD, CHECK, DEL: the interface has what it had, and the file is gone', () => {
  const node = fakeNode();
  const first = node.add(chainOf('ADD', [bridge]));
  const before = eth0(node);
  const result = node.add(chainOf('ADD', [tuning], { prevResult: first }));
  assert.match(eth0(node), /mtu 1400 qlen 77 mac 02:00:00:00:00:99 .*promisc allmulti/);
  assert.match(node.kernel.dump(), /sysctl net\/core\/somaxconn 99\nsysctl net\/ipv4\/conf\/eth0\/arp_accept 1/);
  assert.is(readFileSync(backup, 'utf8').split('\n').length, 7);
  node.check(chainOf('CHECK', [tuning], { prevResult: result }));
  node.del(chainOf('DEL', [tuning], { prevResult: result }));
  assert.is(eth0(node), before);
  assert.not.ok(existsSync(backup));
  assert.match(node.kernel.dump(), /sysctl net\/core\/somaxconn 99/, 'sysctls stay, as the reference leaves them');
  node.remove();
});

test('DEL without the namespace, and GC, take the file away', () => {
  for (const end of ['DEL', 'GC'] as const) {
    const node = fakeNode();
    node.add(chainOf('ADD', plugins));
    assert.ok(existsSync(backup));
    if (end === 'DEL') node.del(chainOf('DEL', plugins, { netns: '' }));
    else node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': null } }));
    assert.not.ok(existsSync(backup), end);
    node.remove();
  }
});

test('an error of the kernel at any change of ADD is taken back, sysctls too', () => {
  let changes = 0;
  const counting = fakeNode({ before: () => { changes++; } });
  counting.add(chainOf('ADD', plugins));
  counting.remove();
  rmSync(backup);
  const refused: number[] = [];
  for (let at = 1; at <= changes; at++) {
    let now = 0;
    const node = fakeNode({ before: (method) => { if (++now === at) throw new KernelError('ENOMEM', method); } });
    const before = picture(node);
    try {
      node.add(chainOf('ADD', plugins));
      node.del(chainOf('DEL', plugins));
    } catch (error) {
      assert.instance(error, CniError, `change ${at}`);
      assert.is(picture(node), before, `change ${at} of ${changes}`);
      refused.push(at);
    }
    node.remove();
  }
  assert.equal(refused.slice(-8), Array.from({ length: 8 }, (_, i) => changes - 7 + i), 'each of the last eight is of tuning, and an error');
});

test('a failed ADD leaves the file that was there before', () => {
  const node = fakeNode();
  const prevResult = node.add(chainOf('ADD', [bridge]));
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(backup, '{\n "mtu": 1300\n}');
  assert.throws(() => node.add(chainOf('ADD', [{ ...tuning, mtu: 67 }], { prevResult })), /mtu 67/);
  assert.is(readFileSync(backup, 'utf8'), '{\n "mtu": 1300\n}');
  rmSync(backup);
  node.remove();
});

test('it may touch the container alone', () => {
  const node = fakeNode();
  const prevResult = node.add(chainOf('ADD', [bridge]));
  const host = (text: string): string => text.slice(0, text.indexOf('namespace container'));
  const before = host(node.kernel.dump());
  node.add(chainOf('ADD', [{ ...tuning, sysctl: { 'net.ipv4.ip_forward': '1' } }], { prevResult }));
  assert.is(host(node.kernel.dump()), before);
  assert.throws(() => node.add(chainOf('ADD', [{ ...tuning, sysctl: { 'kernel.msgmax': '1' } }], { prevResult })), /invalid net sysctl key: "kernel\/msgmax"/);
  rmSync(backup);
  node.remove();
});

test.run();
