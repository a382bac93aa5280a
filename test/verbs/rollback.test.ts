// The whole chain on the fake kernel: what ADD makes DEL takes back, and an ADD that fails at any change leaves the node as it was.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { refuseEveryChange } from '../support/every-change.ts';
import type { Chain } from '../../host/verbs/host.ts';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';

for (const backend of ['nftables', 'iptables'] as const) {
  const plugins = blueChain(backend);

  test(`${backend}: ADD, CHECK, DEL, DEL again`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    const result = node.add(chainOf('ADD', plugins));
    node.check(chainOf('CHECK', plugins, { prevResult: result }));
    node.del(chainOf('DEL', plugins, { prevResult: result }));
    assert.is(node.picture(), before);
    node.del(chainOf('DEL', plugins, { netns: '' }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${backend}: DEL without namespace and prevResult`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    node.add(chainOf('ADD', plugins));
    node.del(chainOf('DEL', plugins, { netns: '' }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${backend}: GC takes what is not listed, and nothing when the list is absent`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    node.add(chainOf('ADD', plugins));
    const attached = node.picture();
    node.gc(chainOf('GC', plugins, { netns: '' }));
    assert.is(node.picture(), attached);
    node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] } }));
    assert.is(node.picture(), attached);
    node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': null } }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${backend}: an error of the kernel at any change of ADD is taken back`, () => {
    assert.ok(refuseEveryChange(plugins) > 20);
  });
}

test('what could not be taken back stays in the journal, and nobody holds it open: a resident host lives on', () => {
  const node = fakeNode({ before: (method) => { if (['tc.addQdisc', 'link.delete'].includes(method)) throw new KernelError('ENOMEM', method); } });
  const journals = join(node.root, 'run', 'journal');
  assert.throws(() => node.add(chainOf('ADD', blueChain('nftables'))), (error: unknown) => error instanceof CniError && /could not take back everything of it: .*link.delete/.test(error.facts.details ?? ''));
  assert.is(readdirSync(join(journals, 'blue')).length, 1);
  const open = readdirSync('/proc/self/fd').flatMap((fd) => readlinkIfOpen(`/proc/self/fd/${fd}`)).filter((path) => path.startsWith(journals));
  assert.equal(open, []);
  node.remove();
});

/** The one that reads the folder is closed by then. */
function readlinkIfOpen(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}

test('an ADD that fails leaves to another, which came in the meantime, what both share', () => {
  const plugins = blueChain('nftables');
  const ofOther = ({ request, links }: Chain): Chain => ({ request: { ...request, attachment: { network: 'blue', containerId: 'c2', ifname: 'net1' } }, links });
  let prevResult: unknown;
  const node: FakeNode = fakeNode({ before: (method) => {
    if (method !== 'tc.addQdisc' || prevResult) return;
    prevResult = {};
    prevResult = node.add(ofOther(chainOf('ADD', plugins)));
    throw new KernelError('ENOMEM', 'add qdisc');
  } });
  assert.throws(() => node.add(chainOf('ADD', plugins)), (error: Error) => /qdisc/.test(error.message));
  assert.is(node.kernel.link.get('host', { name: 'cni0' })?.up, true);
  node.check(ofOther(chainOf('CHECK', plugins, { prevResult })));
  node.remove();
});

test('what was changed on a bridge that was there, with a port, is taken back when no link can be made', () => {
  const node = fakeNode({ before: (method) => { if (method === 'link.create' && isAttaching) throw new KernelError('ENOMEM', 'create link'); } });
  let isAttaching = false;
  const { link } = node.kernel;
  const master = link.create('host', { kind: 'bridge', name: 'cni0' });
  link.set('host', link.create('host', { kind: 'veth', name: 'vethold', peer: { ns: 'host', name: 'vethold-far' } }), { master });
  const before = link.get('host', { name: 'cni0' });
  isAttaching = true;
  assert.throws(() => node.add(chainOf('ADD', blueChain('nftables'))), /create link/);
  assert.equal(link.get('host', { name: 'cni0' }), before);
  node.remove();
});

test('what the kernel takes away with an address of the bridge comes back after a failed ADD', () => {
  const [bridge, ...others] = blueChain('nftables');
  const node = fakeNode({ before: (method) => { if (method === 'tc.addQdisc') throw new KernelError('ENOMEM', 'add qdisc'); } });
  const { link, addr, route, neigh } = node.kernel;
  const index = link.create('host', { kind: 'bridge', name: 'cni0', mac: '02:00:00:00:00:0a', up: true });
  link.set('host', link.create('host', { kind: 'veth', name: 'vethold', peer: { ns: 'host', name: 'vethold-far' } }), { master: index });
  addr.add('host', index, '198.51.100.1/24');
  route.add('host', { dst: '203.0.113.0/25', index, scope: 253 });
  route.add('host', { dst: '192.0.2.0/25', gw: '203.0.113.9' });
  neigh.add('host', index, '198.51.100.9', '02:00:00:00:00:09');
  const before = node.picture();
  assert.throws(() => node.add(chainOf('ADD', [{ ...bridge!, forceAddress: true }, ...others])), (error: Error) => /qdisc/.test(error.message));
  assert.is(node.picture(), before);
  node.remove();
});

test('a bridge that was down is down again after a failed ADD, with its IPv6 addresses', () => {
  const node = fakeNode();
  const index = node.kernel.link.create('host', { kind: 'bridge', name: 'cni0', mac: '02:00:00:00:00:0a' });
  // Its first time up gives a link a qdisc that stays.
  for (const up of [true, false]) node.kernel.link.set('host', index, { up });
  node.kernel.addr.add('host', index, '198.51.100.1/24');
  node.kernel.addr.add('host', index, '2001:db8:9::1/64');
  const before = node.picture();
  const plugin = { type: 'bridge', isGateway: true, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } };
  assert.throws(() => node.add(chainOf('ADD', [plugin])), /already has an IP address different from/);
  assert.is(node.picture(), before);
  node.remove();
});

test.run();
