// A fake kernel tells its state as text, and the text is the state: whatever was done before.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeKernel, type FakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { readRule, writeRule } from '../../host/kernel/fake/rule-text.ts';
import type { FakeNamespace, FakeState } from '../../host/kernel/fake/state.ts';
import type { Ns } from '../../host/kernel/kernel.ts';
import { anyRule } from './rules.ts';
import { anySteps, furnish, take } from './steps.ts';

const NODE = `namespace host 4:4026531840
unusable ip6 "no such program"
link 1 lo mtu 65536 qlen 1000 mac 00:00:00:00:00:00 up
link 2 veth1 kind veth mtu 1500 qlen 0 mac 02:00:00:00:00:02 group 7 alias "cni-wasm: blue" peer container:2 master cni0 up hairpin
link 3 cni0 kind bridge mtu 1500 qlen 1000 mac 02:00:00:00:00:02 up vlan_filtering fixed-mac
link 4 bwp0 kind ifb mtu 1500 qlen 0 mac 02:00:00:00:00:04 up
link 9 veth9 kind veth mtu 1500 qlen 1000 mac 02:00:00:00:00:09 peer elsewhere:2 up promisc allmulti
address 127.0.0.1/8 dev lo scope host
address 10.1.0.1/24 dev cni0 scope global
address 2001:db8::1/64 dev cni0 scope global tentative dadfailed
route 192.0.2.0/24 via 10.1.0.9 dev cni0 table 100 metric 5 scope global proto static src 10.1.0.1 mtu 1400 advmss 1360
route 10.1.0.0/24 dev cni0 table main metric 0 scope link proto kernel src 10.1.0.1
rule ip 0 lookup local
rule ip 1000 from 10.1.0.5/32 to 192.0.2.0/24 lookup 100
rule ip 32766 lookup main
neighbour 10.1.0.5 dev cni0 lladdr 02:00:00:00:00:05 state 128
qdisc tbf 1: dev veth1 parent root rate 125000 limit 1003125 buffer 8000000
qdisc ingress ffff: dev veth1 parent ingress
qdisc htb 1: dev bwp0 parent root default 48
class 1:30 dev bwp0 parent 1: rate 125000 ceil 250000 buffer 2000
filter u32 80000800 dev veth1 parent ffff: pref 1 protocol 3 flowid 1:1 redirect bwp0
filter u32 80000801 dev veth1 parent ffff: pref 1 protocol 3 redirect nowhere
filter u32 80000800 dev bwp0 parent 1: pref 16 protocol 2048 flowid 1:30 dst 10.1.0.0/16
sysctl net/ipv4/conf/all/forwarding 1
connection ip udp 192.0.2.1 53
table inet blue comment "of \\"blue\\""
  chain checks comment "what is asked"
    ip saddr 10.1.0.5/32 ip daddr != 10.1.0.0/24 masquerade comment "one \\"rule\\""
    tcp dports 80,443 meta mark != 0x1/0xff dnat 10.1.0.5 port 8080
    foreign jump other comment "not ours"
  chain postrouting type nat hook postrouting priority 100
    fib daddr local goto checks
iptables ip nat
  :PREROUTING ACCEPT
  :POSTROUTING ACCEPT
  :CNI-x -
  -A POSTROUTING -s 10.1.0.0/24 -m comment --comment "a  b" -j CNI-x
namespace container 4:4026532201
link 1 lo mtu 65536 qlen 1000 mac 00:00:00:00:00:00
link 2 eth0 kind veth mtu 1500 qlen 1000 mac 02:01:00:00:00:02 peer host:2 up
`;

test('every kind of object is written as it was read', () => {
  assert.is(fakeKernel(NODE).dump(), NODE);
});

test('what was read is what the kernel shows', () => {
  const kernel = fakeKernel(NODE);
  const veth1 = kernel.link.get('host', { name: 'veth1' })!;
  assert.equal([veth1.index, veth1.peer, veth1.master, veth1.state, veth1.port, veth1.alias], [2, 2, 3, 'up', { hairpin: true, isolated: false }, 'cni-wasm: blue']);
  assert.is(kernel.link.get('host', { name: 'veth9' })!.state, 'up');
  assert.is(kernel.iptables.unusable('host', 'ip6'), 'no such program');
  assert.is(kernel.sysctl.get('host', 'net/ipv4/ip_forward'), '1');
  assert.equal(kernel.addr.list('host', 3).map(({ tentative, dadFailed }) => [tentative, dadFailed]), [[false, false], [true, true]]);
  assert.equal(kernel.nft.read('host', 'inet', 'blue')!.chains[0]!.rules.map(({ handle, comment }) => [handle, comment]), [[1, 'one "rule"'], [2, undefined], [3, 'not ours']]);
  assert.is(kernel.conntrack.delete('host', { family: 'ip', proto: 'udp', dports: [53], daddr: '192.0.2.1' }), 1);
  assert.is(kernel.link.create('host', { kind: 'bridge', name: 'cni1' }), 10);
});

test('a mistake is told by its line', () => {
  const mistakes: [string, RegExp][] = [
    ['link 1 lo', /line 1: a line "namespace host ID" must come first/],
    ['namespace host 1:1\nlink one lo', /"one" is no number/],
    ['namespace host 1:1\nlink 1 lo colour red', /line 2: "colour" is not expected here/],
    ['namespace host 1:1\naddress 10.1.0.5/24 dev eth0', /line 2: there is no link "eth0" in this namespace/],
    ['namespace host 1:1\naddress 10.1.0.5/24', /line 2: "dev" is missing/],
    ['namespace host 1:1\nbridge cni0', /line 2: a line cannot begin with "bridge"/],
    ['namespace host 1:1\ntable ip x\n  chain c\n    ip saddr 10.1.0.5 explode', /line 4: "explode" is no action/],
    ['namespace host 1:1\niptables ip nat\n  -A CNI-x -j ACCEPT', /line 3: chain CNI-x is not declared/],
    ['namespace container 1:1', /there is no line "namespace host ID"/],
  ];
  for (const [text, message] of mistakes) assert.throws(() => fakeKernel(text), message);
});

test('rules go through text', () => {
  fc.assert(fc.property(anyRule('inet'), (rule) => {
    const line = writeRule({ handle: 1, rule });
    assert.equal(readRule(line).rule, rule, line);
  }));
});

test('whatever was done, the text read back is the same text and the same state', () => {
  fc.assert(fc.property(anySteps, (steps) => {
    const kernel = furnished();
    for (const step of steps) take(step, kernel);
    const again = fakeKernel(kernel.dump());
    assert.is(again.dump(), kernel.dump());
    for (const ns of ['host', 'container'] as const) assert.equal(visible(again.state, ns), visible(kernel.state, ns));
  }), { numRuns: 300 });
});

test('what is refused changes nothing, but that attributes of a link are set one by one', () => {
  fc.assert(fc.property(anySteps, (steps) => {
    const kernel = furnished();
    for (const step of steps) {
      const before = kernel.dump();
      if (take(step, kernel) !== 'done' && !step.words.startsWith('set ')) assert.is(kernel.dump(), before, step.words);
    }
  }), { numRuns: 300 });
});

test('whatever was done, nothing hangs on a link that is not there', () => {
  fc.assert(fc.property(anySteps, (steps) => {
    const kernel = furnished();
    for (const step of steps) take(step, kernel);
    for (const ns of ['host', 'container'] as const) checkReferences(kernel.state, ns);
  }), { numRuns: 300 });
});

function furnished(): FakeKernel {
  const kernel = fakeKernel();
  furnish(kernel);
  return kernel;
}

/** Without numbers that are given out and the order of what has none. */
function visible(state: FakeState, ns: Ns): unknown {
  const { nextIndex: _index, nextHandle: _handle, generation: _generation, nft, links, qdiscs, classes, neighs, iptables, addrs, ...rest } = state[ns]!;
  const sorted = <T>(all: readonly T[]): string[] => all.map((one) => JSON.stringify(one, Object.keys(one as object).sort())).sort();
  const tables = nft.map((table) => ({ ...table, chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map(({ handle: _rule, ...rule }) => rule) })) }));
  return { rest, links: sorted(links), qdiscs: sorted(qdiscs), classes: sorted(classes), neighs: sorted(neighs), addrs: sorted(addrs), iptables: sorted(iptables), nft: sortedChains(tables) };
}

const sortedChains = (tables: { name: string; chains: { name: string }[] }[]): unknown =>
  tables.map((table) => ({ ...table, chains: table.chains.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }));

function checkReferences(state: FakeState, name: Ns): void {
  const ns: FakeNamespace = state[name]!;
  const indexes = new Set(ns.links.map(({ index }) => index));
  assert.is(indexes.size, ns.links.length);
  assert.is(new Set(ns.links.map((link) => link.name)).size, ns.links.length);
  for (const { index } of [...ns.addrs, ...ns.neighs, ...ns.qdiscs, ...ns.classes, ...ns.filters]) assert.ok(indexes.has(index));
  for (const { index } of ns.routes) assert.ok(index !== undefined && ns.links.find((link) => link.index === index)?.up);
  for (const { redirect } of ns.filters) assert.ok(!redirect || indexes.has(redirect));
  for (const link of ns.links) {
    assert.ok(link.master === undefined || ns.links.find(({ index }) => index === link.master)?.kind === 'bridge');
    assert.is(link.port === undefined, link.master === undefined);
    if (!link.peer || link.peer.ns === 'elsewhere') continue;
    const peer = state[link.peer.ns]!.links.find(({ index }) => index === link.peer!.index);
    assert.equal(peer?.peer, { ns: name, index: link.index });
  }
}

test.run();
