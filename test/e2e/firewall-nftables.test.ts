// firewall with nf_tables, which the reference does not have: what it makes, what it takes away, and what packets meet.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, checkAll, delAll, parseConflist, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { call, dualStack, flushAll, messageOf, must, type Conf } from '../support/firewall-calls.ts';
import { addNetns, BIN, sh } from '../support/node.ts';

const table = (): string => sh('nft', 'list', 'ruleset').replaceAll('\t', '  ').replace(/[0-9a-f]{16}-[0-9a-f]{16}/g, 'OWN').replace(/[0-9a-f]{16}-/g, 'NET-');
const isolated = (keys: Conf = {}): Conf => dualStack({ backend: 'nftables', ingressPolicy: 'isolated', ...keys });

addNetns('c1');
addNetns('c2');
test.before.each(() => {
  flushAll();
  sh('sh', '-c', 'rm -rf /var/lib/cni-wasm/* /run/cni-wasm/*');
});

const MADE = `table inet cni_firewall {
  comment "CNI firewall plugin"
  chain policies {
    iifname "cni0" oifname != "cni0" jump closed_bridges comment "NET-policy, net: blue"
    iifname "cni0" oifname "cni0" drop comment "NET-policy, net: blue"
  }

  chain closed_bridges {
    oifname "cni0" drop comment "NET-policy, net: blue"
  }

  chain admin {
  }

  chain containers {
    ip daddr 192.0.2.5 ct state established,related accept comment "OWN, net: blue, if: eth0, id: c1"
    ip saddr 192.0.2.5 accept comment "OWN, net: blue, if: eth0, id: c1"
    ip6 daddr 2001:db8::5 ct state established,related accept comment "OWN, net: blue, if: eth0, id: c1"
    ip6 saddr 2001:db8::5 accept comment "OWN, net: blue, if: eth0, id: c1"
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    jump policies
    jump admin
    jump containers
  }
}
`;

test('one table of its own, its rules by name, and nothing of iptables', async () => {
  await must(BIN, 'ADD', isolated());
  const made = table();
  assert.equal(made.split('\n').sort(), MADE.split('\n').sort());
  await must(BIN, 'CHECK', isolated());
  await must(BIN, 'ADD', isolated());
  assert.is(table(), made, 'a repeated ADD changes nothing');
});

test('DEL needs no prevResult, and the policy goes with the last attachment of its network', async () => {
  await must(BIN, 'ADD', isolated());
  await must(BIN, 'ADD', isolated(), 'c2');
  await must(BIN, 'DEL', { ...isolated(), prevResult: undefined });
  assert.match(table(), 'oifname "cni0" drop');
  assert.not.match(table(), 'id: c1');
  await must(BIN, 'DEL', { ...isolated(), prevResult: undefined }, 'c2');
  assert.not.match(table(), /cni0|id: /);
  await must(BIN, 'DEL', { ...isolated(), prevResult: undefined }, 'c2');
});

test('another policy takes the place of the one before', async () => {
  await must(BIN, 'ADD', isolated());
  await must(BIN, 'ADD', isolated({ ingressPolicy: 'same-bridge' }), 'c2');
  assert.match(table(), 'iifname "cni0" oifname != "cni0" jump closed_bridges');
  assert.not.match(table(), 'iifname "cni0" oifname "cni0" drop');
  await must(BIN, 'ADD', isolated({ ingressPolicy: 'open' }), 'c2');
  assert.not.match(table(), 'cni0');
});

test('a network keeps its policy when another one with the same bridge ends', async () => {
  await must(BIN, 'ADD', isolated());
  await must(BIN, 'ADD', { ...isolated(), name: 'red' }, 'c2');
  await must(BIN, 'DEL', { ...isolated(), name: 'red' }, 'c2');
  assert.match(table(), 'oifname "cni0" drop comment "NET-policy, net: blue"');
  assert.not.match(table(), 'net: red');
});

test('GC goes by the names on the rules, also without the ledger', async () => {
  await must(BIN, 'ADD', isolated());
  await must(BIN, 'ADD', isolated(), 'c2');
  sh('sh', '-c', 'rm -rf /var/lib/cni-wasm/*');
  const gc = (valid: object[]): Promise<Conf> => must(BIN, 'GC', { ...isolated(), prevResult: undefined, 'cni.dev/valid-attachments': valid });
  await gc([{ containerID: 'c2', ifname: 'eth0' }]);
  assert.not.match(table(), 'id: c1');
  assert.match(table(), 'id: c2');
  assert.match(table(), 'oifname "cni0" drop');
  await gc([]);
  assert.not.match(table(), /cni0|id: /);
});

test('CHECK says what is missing and makes nothing', async () => {
  assert.is(messageOf(await call(BIN, 'CHECK', isolated())), 'expected chain policies not found');
  assert.is(table(), '');
  await must(BIN, 'ADD', isolated());
  sh('nft', 'flush', 'chain', 'inet', 'cni_firewall', 'closed_bridges');
  assert.match(String(messageOf(await call(BIN, 'CHECK', isolated()))), 'expected closed_bridges rule [oifname cni0 drop comment');
});

test('20 ADDs at once make each shared rule once', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
  await Promise.all(names.map((name) => must(BIN, 'ADD', isolated(), name)));
  const made = table();
  for (const shared of ['jump containers', 'jump closed_bridges', 'oifname "cni0" drop comment']) assert.is(made.split(shared).length - 1, shared.startsWith('oif') ? 2 : 1, shared);
  assert.is(made.match(/ct state/g)?.length, 40);
});

// --- packets ---

const list = (name: string, bridge: string, subnet: string, backend: string, ingressPolicy: string): Conflist => parseConflist(JSON.stringify({
  cniVersion: '1.1.0', name, plugins: [
    { type: 'bridge', bridge, isDefaultGateway: true, ipam: { type: 'host-local', ranges: [[{ subnet }]] } },
    { type: 'firewall', backend, ingressPolicy },
  ],
}));
const target = (containerId: string): Target => ({ containerId, netns: `/run/netns/${containerId}`, ifname: 'eth0', path: [BIN], capabilityArgs: {} });
const reaches = (from: string, to: string): boolean => spawnSync('ip', ['netns', 'exec', from, 'busybox', 'ping', '-c', '1', '-W', '1', to]).status === 0;
interface Result { ips: { address: string }[] }
const addressOf = (result: unknown): string => (result as Result).ips[0]!.address.replace(/\/.*/, '');

for (const backend of ['nftables', 'iptables']) {
  for (const policy of ['open', 'same-bridge', 'isolated']) {
    test(`${backend}, ${policy}: the host is reached, a container on another bridge ${policy === 'open' ? 'too' : 'is not'}`, () => {
      const [blue, red] = [list('blue', 'br1', '192.0.2.0/24', backend, policy), list('red', 'br2', '198.51.100.0/24', backend, policy)];
      const [one, two] = [addAll(blue, target('c1')), addAll(red, target('c2'))];
      checkAll(blue, target('c1'), one);
      assert.ok(reaches('c1', '192.0.2.1'));
      assert.is(reaches('c1', addressOf(two)), policy === 'open');
      assert.is(reaches('c2', addressOf(one)), policy === 'open');
      delAll(red, target('c2'), two);
      delAll(blue, target('c1'), one);
      for (const bridge of ['br1', 'br2']) sh('ip', 'link', 'delete', bridge);
    });
  }
}

test('iptables: what lets the addresses through does so where the node forwards nothing else', () => {
  const [blue, red] = [list('blue', 'br1', '192.0.2.0/24', 'iptables', 'open'), list('red', 'br2', '198.51.100.0/24', 'iptables', 'open')];
  sh('iptables', '-P', 'FORWARD', 'DROP');
  const [one, two] = [addAll(blue, target('c1')), addAll(red, target('c2'))];
  assert.ok(reaches('c1', addressOf(two)));
  sh('iptables', '-F', 'CNI-FORWARD');
  assert.not(reaches('c1', addressOf(two)));
  delAll(red, target('c2'), two);
  delAll(blue, target('c1'), one);
  for (const bridge of ['br1', 'br2']) sh('ip', 'link', 'delete', bridge);
});

test.run();
