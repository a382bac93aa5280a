// `cni-wasm why` on the fake node: every way to name what an attachment owns leads to it, and what is nobody's to nobody.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { why, type Owner } from '../../host/cli/why.ts';
import { Misuse } from '../../host/cli/words.ts';
import { openJournal } from '../../host/ledger/journal.ts';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';

const CHAIN = 'CNI-1e7c4cbd4f830a53cc84fc80';

const ownersOf = (node: FakeNode, ...words: string[]): Owner[] => (JSON.parse(why([...words, '--json'], node.host)) as { owners: Owner[] }).owners;

function attached(backend: 'nftables' | 'iptables'): FakeNode {
  const node = fakeNode();
  node.add(chainOf('ADD', blueChain(backend)));
  return node;
}

function isC1(owners: readonly Owner[], plugin: string): void {
  assert.ok(owners.length > 0);
  for (const { network, containerId, ifname, netns, from, made, plugin: by } of owners) {
    assert.equal({ network, containerId, ifname, netns, from, by }, { network: 'blue', containerId: 'c1', ifname: 'eth0', netns: '/run/netns/c1', from: 'ledger', by: plugin });
    assert.match(made ?? '', /^\d{4}-\d\d-\d\dT/);
  }
}

for (const backend of ['nftables', 'iptables'] as const) {
  test(`${backend}: links by name and index, the bridge by its ports`, () => {
    const node = attached(backend);
    for (const { name, index, kind } of node.kernel.link.list('host').filter(({ kind }) => kind !== '')) {
      const plugin = kind === 'ifb' ? 'bandwidth' : 'bridge';
      for (const word of [name, String(index)]) isC1(ownersOf(node, word), plugin);
    }
    assert.equal(ownersOf(node, 'lo'), []);
    assert.is(why(['lo'], node.host), 'nobody that this host knows of owns link "lo" (index 1)\n');
    node.remove();
  });

  test(`${backend}: addresses and ports`, () => {
    const node = attached(backend);
    assert.ok(ownersOf(node, '192.0.2.2').some(({ object }) => object.startsWith('address 192.0.2.2, leased')));
    assert.equal(ownersOf(node, '2001:DB8:88:0::2'), ownersOf(node, '2001:db8:88::2'));
    assert.equal(ownersOf(node, '192.0.2.3'), []);
    assert.equal(ownersOf(node, '192.0.2.2/24'), ownersOf(node, '192.0.2.2'));
    isC1(ownersOf(node, '192.0.2.1'), 'bridge');
    assert.match(ownersOf(node, '192.0.2.1/24').map(({ object }) => object).join(), 'bridge "cni0"');
    isC1(ownersOf(node, '8080'), 'portmap');
    isC1(ownersOf(node, '8080/tcp'), 'portmap');
    isC1(ownersOf(node, '5353/udp'), 'portmap');
    for (const other of ['8080/udp', '80', '808', '99999', '-8080']) assert.equal(ownersOf(node, other), [], other);
    node.remove();
  });
}

test('iptables: a chain, a comment, lines as they are listed', () => {
  const node = attached('iptables');
  isC1(ownersOf(node, CHAIN), 'bridge');
  isC1(ownersOf(node, 'CNI-DN-1e7c4cbd4f830a53cc84f'), 'portmap');
  isC1(ownersOf(node, 'name: "blue" id: "c1"'), 'bridge');
  const line = `-A POSTROUTING -s 192.0.2.2/32 -m comment --comment "name: \\"blue\\" id: \\"c1\\"" -j ${CHAIN}`;
  isC1(ownersOf(node, line), 'bridge');
  assert.is(ownersOf(node, line).length, 1);
  // A shell takes quotes away and hands words over one by one.
  assert.equal(ownersOf(node, ...line.replace(/["\\]/g, '').split(' ')), ownersOf(node, line));
  isC1(ownersOf(node, `-A ${CHAIN} ! -d 224.0.0.0/4 -j MASQUERADE`), 'bridge');
  for (const other of ['CNI-HOSTPORT-DNAT', 'CNI-1e7c4cbd4f830a53cc84fc8', '-A INPUT -s 192.0.2.9/32 -j DROP', 'name: "blue" id: "c2"']) assert.equal(ownersOf(node, other), [], other);
  node.remove();
});

test('what all networks share is nobody\'s, and says whose doing it is', () => {
  const node = attached('iptables');
  assert.is(why(['CNI-HOSTPORT-DNAT'], node.host), 'CNI-HOSTPORT-DNAT is shared by all networks of this node: "portmap" makes it with the first attachment, and it stays\n');
  assert.match(why(['CNI-FORWARD'], node.host), '"firewall" makes it');
  assert.match(why(['cni_plugins_masquerade'], node.host), '"bridge" makes it');
  assert.equal((JSON.parse(why(['CNI-HOSTPORT-MASQ', '--json'], node.host)) as object), { question: 'CNI-HOSTPORT-MASQ', owners: [], sharers: ['portmap'] });
  assert.match(why(['KUBE-SERVICES'], node.host), 'nobody that this host knows of');
  node.remove();
});

test('nftables: a comment and lines as they are listed', () => {
  const node = attached('nftables');
  const listed = 'tcp dport 8080 counter packets 3 bytes 180 dnat to 192.0.2.2:80 comment "c1" # handle 14';
  isC1(ownersOf(node, listed), 'portmap');
  assert.is(ownersOf(node, listed).length, 1);
  isC1(ownersOf(node, 'tcp dport 8080 dnat to 10.99.0.2:80 comment "c1"'), 'portmap');
  isC1(ownersOf(node, 'c1'), 'portmap');
  assert.equal(ownersOf(node, 'tcp dport 8080 dnat to 192.0.2.2:80 comment "c2"'), []);
  node.remove();
});

test('a lease without a record tells by its file, also whose the chains are', () => {
  const node = fakeNode();
  mkdirSync(join(node.leases, 'blue'), { recursive: true });
  for (const [name, text] of [['192.0.2.7', 'c1\r\neth0'], ['192.0.2.8', ''], ['last_reserved_ip.0', '192.0.2.7'], ['lock', '']]) writeFileSync(join(node.leases, 'blue', name!), text!);
  for (const word of ['192.0.2.7', CHAIN]) {
    const [owner, ...more] = ownersOf(node, word);
    assert.equal(more, []);
    assert.equal({ ...owner, made: '' }, { object: `address 192.0.2.7, leased in ${node.leases}/blue`, network: 'blue', containerId: 'c1', ifname: 'eth0', from: 'lease', made: '' });
  }
  assert.equal(ownersOf(node, '192.0.2.8'), []);
  assert.match(why(['192.0.2.7'], node.host), /container {2}c1\n[^]*another plugin made it, or the record is lost/);
  node.remove();
});

test('a lease that names no container is said to be nobody\'s, also where the ledger knows of it', () => {
  const node = attached('iptables');
  const folder = join(node.leases, 'blue');
  for (const [name, text] of [['192.0.2.2', 'c1\r\neth0\r\n\u001b[31m'], ['192.0.2.6', 'c1\neth0'], ['192.0.2.7', 'two words'], ['192.0.2.8', '\0\0']]) writeFileSync(join(folder, name!), text!);
  symlinkSync('/etc/hostname', join(folder, '192.0.2.9'));
  const said = (ip: string) => ownersOf(node, ip).filter(({ object }) => object.includes('leased')).map(({ containerId, from }) => `${containerId} ${from}`);
  assert.equal(['192.0.2.2', '192.0.2.6', '192.0.2.7', '192.0.2.8', '192.0.2.9'].map(said), [['c1 ledger', ' unclaimed'], [' unclaimed'], [' unclaimed'], [], [' unclaimed']]);
  assert.match(why(['192.0.2.7'], node.host), /container {2}\(not said\)\n[^]*said by {4}nobody: its lease names no container/);
  node.remove();
});

test('what somebody owns is answered without a look at any module', () => {
  const node = attached('iptables');
  const host = { ...node.host, manifestOf: (name: string): never => { throw new Error(`${name} is read`); } };
  isC1(ownersOf({ ...node, host }, '8080'), 'portmap');
  assert.throws(() => why(['CNI-NOBODY'], host), /is read/);
  node.remove();
});

test('a call that has not ended tells by its journal', () => {
  const node = fakeNode();
  const journal = openJournal(node.host.roots.run, { network: 'blue', containerId: 'c9', ifname: 'eth0' }, '/run/netns/c9');
  journal.intend('bridge', { life: 'attachment', by: 'bridge', op: 'link.create', inverse: { do: 'delete link', ns: 'host', netns: '4:1', name: 'vethdead0001', kind: 'veth' } });
  assert.equal(ownersOf(node, 'vethdead0001').map(({ containerId, from }) => ({ containerId, from })), [{ containerId: 'c9', from: 'journal' }]);
  journal.end();
  journal.close();
  assert.equal(ownersOf(node, 'vethdead0001'), []);
  node.remove();
});

test('after DEL, and of another boot, links and rules are nobody\'s; leases stay their owner\'s', () => {
  const node = attached('iptables');
  const later = { ...node, host: { ...node.host, boot: () => 'another' } };
  assert.equal(ownersOf(later, CHAIN), []);
  isC1(ownersOf(later, '192.0.2.2'), 'bridge');
  node.del(chainOf('DEL', blueChain('iptables')));
  for (const word of [CHAIN, '8080', '192.0.2.2']) assert.equal(ownersOf(node, word), []);
  node.remove();
});

test('without a question, and where it may not look, it says so', () => {
  const node = fakeNode();
  for (const words of [[], ['--json']]) assert.throws(() => why(words, node.host), (error: unknown) => error instanceof Misuse && /say what/.test(error.message));
  mkdirSync(node.host.roots.state);
  writeFileSync(join(node.host.roots.state, 'ledger'), 'no folder');
  assert.throws(() => why(['8080'], node.host), (error: unknown) => error instanceof CniError && /ledger" cannot be read: ENOTDIR/.test(error.message));
  node.remove();
});

test.run();
