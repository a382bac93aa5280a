// A network is renamed while its containers run: DEL comes with the new name, and takes back what was made under the old one.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openJournal } from '../../host/ledger/journal.ts';
import { del } from '../../host/verbs/del.ts';
import type { Chain } from '../../host/verbs/host.ts';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';

const green = (chain: Chain): Chain => ({ ...chain, request: { ...chain.request, attachment: { ...chain.request.attachment, network: 'green' } } });

test('DEL under another network name leaves nothing', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables');
  node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
  const before = node.picture();
  node.add(chainOf('ADD', plugins));
  assert.is.not(node.picture(), before);
  node.del(green(chainOf('DEL', plugins, { netns: '', frame: { name: 'green' } })));
  assert.is(node.picture(), before);
  node.remove();
});

test('an attachment that is known under the name leaves the other alone', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables').slice(0, 1);
  node.add(chainOf('ADD', plugins));
  const attached = node.picture();
  const other = (verb: Chain['request']['verb']): Chain => green(chainOf(verb, [{ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }], { frame: { name: 'green' } }));
  node.add(other('ADD'));
  node.del(other('DEL'));
  assert.is(node.picture(), attached);
  node.remove();
});

test('another interface of the container is left alone', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables').slice(0, 1);
  node.add(chainOf('ADD', plugins));
  const attached = node.picture();
  const other = green(chainOf('DEL', plugins, { netns: '', frame: { name: 'green' } }));
  node.del({ ...other, request: { ...other.request, attachment: { ...other.request.attachment, ifname: 'eth1' } } });
  assert.is(node.picture(), attached);
  node.remove();
});

/** A call that was killed on network blue: it had made a bridge and one end of the attachment's own. */
function killedCall({ host, kernel }: FakeNode): void {
  const journal = openJournal(host.roots.run, { network: 'blue', containerId: 'c1', ifname: 'eth0' }, '/run/netns/c1');
  for (const [kind, name, life] of [['bridge', 'cni0', 'network'], ['ifb', 'own', 'attachment']] as const) {
    const i = journal.intend('bridge', { life, by: 'bridge', op: 'link.create', inverse: { do: 'delete link', ns: 'host', netns: kernel.netnsId('host')!, name, kind } });
    journal.made(i, kernel.link.create('host', { kind, name }));
  }
}

test('what a killed call had made under the old name is taken back, and its journal goes', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables').slice(0, 1);
  node.del(green(chainOf('DEL', plugins, { frame: { name: 'green' } })));
  const before = node.picture();
  killedCall(node);
  assert.is.not(node.picture(), before);
  node.del(green(chainOf('DEL', plugins, { netns: '', frame: { name: 'green' } })));
  assert.is(node.picture(), before);
  node.remove();
});

for (const [was, is] of [['blue', 'green'], ['green', 'blue']] as const) {
  test(`from ${was} to ${is}: both are locked, in the one order in which every call does so`, () => {
    const node = fakeNode();
    const plugins = blueChain('nftables').slice(0, 1);
    const called = (network: string, verb: Chain['request']['verb']): Chain => (network === 'green' ? green : (chain: Chain) => chain)(chainOf(verb, plugins, { frame: { name: network } }));
    node.add(called(was, 'ADD'));
    const taken: string[] = [];
    const { locks } = node.host;
    const hold: typeof locks.hold = (name, mode, timeout) => {
      taken.push(name.split('-').slice(0, 2).join(' '));
      return locks.hold(name, mode, timeout);
    };
    del({ ...node.host, locks: { ...locks, hold } }, called(is, 'DEL'));
    assert.equal(taken.filter((name) => /^(attachment|network)/.test(name)), ['attachment blue', 'attachment green', 'network blue', 'network green']);
    node.remove();
  });
}

test.run();
