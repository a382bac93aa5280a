// ADD of the bridge plugin against a scripted host: what it asks for, in which order, and what it says when something is wrong.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse, type Answers, type Asked, type Call } from '../support/guest-host.ts';
import { type Message, HASHES, CHAIN, BRIDGE, ETH0, VETH, LEASE, INTERFACES, conf, layer3, addrs, notFound, requests, add, COMMENT } from './bridge-node.ts';

test('without IPAM: bridge, pair, port, interface up', () => {
  const { asked, result } = add(conf({ mtu: 1400, hairpinMode: true, portIsolation: true }), {
    'link.get': (() => {
      let made = false;
      return ({ name, link }: Message) => (name === 'cni0' && !made ? (made = true, notFound()) : [BRIDGE, ETH0, VETH].find((one) => one.name === name || one.link === link)!);
    })(),
  });
  assert.equal(result, { interfaces: INTERFACES });
  assert.equal(asked, [
    { op: 'link.get', request: { ns: 'host', name: 'cni0' } },
    { op: 'link.create', request: { ns: 'host', name: 'cni0', kind: 'bridge', life: 'network', mtu: 1400 } },
    { op: 'link.get', request: { ns: 'host', name: 'cni0' } },
    { op: 'sysctl.set', request: { link: 1, key: 'net/ipv6/conf/{link}/accept_ra', value: '0' } },
    { op: 'link.set', request: { link: 1, up: true } },
    { op: 'link.create', request: { ns: 'container', name: 'eth0', kind: 'veth', mtu: 1400, peer: { ns: 'host', txqlen: 0, mtu: 1400 } } },
    { op: 'sysctl.set', request: { link: 3, key: 'net/ipv6/conf/{link}/accept_ra', value: '0' } },
    { op: 'link.set', request: { link: 3, up: true, master: 1, hairpin: true, isolated: true } },
    { op: 'link.set', request: { link: 2, up: true } },
    { op: 'link.get', request: { link: 3, upWithinMs: 2550 } },
    { op: 'link.get', request: { link: 2 } },
    { op: 'link.get', request: { link: 1 } },
  ]);
});

test('a default gateway: addresses, routes, forwarding, in the reference\'s order', () => {
  const { asked, result } = add(layer3({ isDefaultGateway: true, enabledad: true }));
  assert.equal(result, {
    interfaces: INTERFACES,
    ips: [{ address: '192.0.2.2/24', gateway: '192.0.2.1', interface: 2 }, { address: '2001:db8::2/64', gateway: '2001:db8::ff', interface: 2 }],
    routes: [{ dst: '198.51.100.0/24', priority: 7, mtu: 1300 }, { dst: '0.0.0.0/0', gw: '192.0.2.1' }, { dst: '::/0', gw: '2001:db8::ff' }],
  });
  const from = asked.findIndex(({ op }) => op === 'delegate.call');
  const set = (link: number, key: string, value: string): Asked => ({ op: 'sysctl.set', request: { link, key, value } });
  const on = (key: string): Asked => ({ op: 'sysctl.set', request: { ns: 'host', key, value: '1' } });
  const gateway = (address: string): Asked[] => [
    { op: 'addr.list', request: { link: 1 } }, { op: 'addr.add', request: { link: 1, address, life: 'network' } },
    { op: 'link.set', request: { link: 1, mac: BRIDGE.mac } },
  ];
  assert.equal(asked.slice(from), [
    { op: 'delegate.call', request: { verb: 'ADD' } },
    set(2, 'net/ipv6/conf/{link}/enhanced_dad', '1'), set(2, 'net/ipv6/conf/{link}/accept_dad', '1'), set(2, 'net/ipv4/conf/{link}/arp_notify', '1'),
    { op: 'addr.add', request: { link: 2, address: '192.0.2.2/24' } },
    { op: 'sysctl.get', request: { key: 'net/ipv6/conf/lo/disable_ipv6' } },
    { op: 'sysctl.get', request: { link: 2, key: 'net/ipv6/conf/{link}/disable_ipv6' } },
    set(2, 'net/ipv6/conf/{link}/keep_addr_on_down', '1'),
    { op: 'addr.add', request: { link: 2, address: '2001:db8::2/64' } },
    { op: 'link.set', request: { link: 2, up: true } },
    { op: 'addr.await', request: { link: 2, timeoutMs: 5000 } },
    { op: 'route.add', request: { link: 2, dst: '198.51.100.0/24', gw: '192.0.2.1', metric: 7, mtu: 1300 } },
    { op: 'route.add', request: { link: 2, dst: '0.0.0.0/0', gw: '192.0.2.1' } },
    { op: 'route.add', request: { link: 2, dst: '::/0', gw: '2001:db8::ff' } },
    ...gateway('192.0.2.1/24'), on('net/ipv4/ip_forward'),
    ...gateway('2001:db8::ff/64'), on('net/ipv6/conf/all/forwarding'),
    { op: 'link.get', request: { link: 3, upWithinMs: 2550 } }, { op: 'link.get', request: { link: 2 } }, { op: 'link.get', request: { link: 1 } },
  ]);
});

test('a default route with a gateway that IPAM gave stands; one without does not count', () => {
  const routes = (route: object): unknown => add(layer3({ isDefaultGateway: true }), {
    'delegate.call': { result: { ips: [{ address: '192.0.2.2/24' }], routes: [route] } },
  }).result!.routes;
  assert.equal(routes({ dst: '0.0.0.0/0', gw: '192.0.2.9' }), [{ dst: '0.0.0.0/0', gw: '192.0.2.9' }]);
  assert.equal(routes({ dst: '0.0.0.0/0' }), [{ dst: '0.0.0.0/0' }, { dst: '0.0.0.0/0', gw: '192.0.2.1' }]);
});

test('names of the configuration take the place of IPAM\'s, even an empty list', () => {
  const dns = (keys: object): unknown => add(layer3(keys), { 'delegate.call': { result: { ...LEASE, dns: { nameservers: ['192.0.2.53'] } } } }).result!.dns;
  assert.equal(dns({}), { nameservers: ['192.0.2.53'] });
  assert.equal(dns({ dns: { Search: ['example.org'] } }), { search: ['example.org'] });
  assert.is(dns({ dns: { nameservers: [] } }), undefined);
});

test('the hardware address: runtime before args before CNI_ARGS', () => {
  const mac = (config: Message, args = ''): unknown => requests(add(config, {}, { args }).asked, 'link.create')[0]!['mac'];
  const all = { runtimeConfig: { mac: '02-00-00-00-00-AA' }, args: { cni: { mac: '0200.0000.00bb' } } };
  assert.is(mac(conf(all), 'MAC=02:00:00:00:00:CC'), '02:00:00:00:00:aa');
  assert.is(mac(conf({ args: all.args }), 'MAC=02:00:00:00:00:CC'), '02:00:00:00:00:bb');
  assert.is(mac(conf(), 'MAC=02:00:00:00:00:CC'), '02:00:00:00:00:cc');
});

test('a bridge with another address: refused, replaced with forceAddress, and IPv6 subnets live together', () => {
  const there = { 'addr.list': addrs('203.0.113.1/24', '2001:db8:1::1/64', 'fe80::1/64') };
  assert.equal(add(layer3({ isGateway: true }), there).error, {
    code: 999, msg: 'failed to set bridge addr: "cni0" already has an IP address different from 192.0.2.1/24',
    details: 'it has 203.0.113.1/24; give this network a bridge of its own, or "forceAddress": true to replace that',
  });
  const forced = add(layer3({ isGateway: true, forceAddress: true }), there);
  assert.is(forced.error, undefined);
  assert.equal(requests(forced.asked, 'addr.delete'), [{ link: 1, address: '203.0.113.1/24' }]);
  const settled = add(layer3({ isGateway: true }), { 'addr.list': addrs('192.0.2.1/24', '2001:db8::ff/64') });
  assert.equal(requests(settled.asked, 'addr.add').filter(({ link }) => link === 1), []);
  const overlap = add(layer3({ isGateway: true }), { 'addr.list': addrs('192.0.2.1/24', '2001:db8::1/48') });
  assert.match(overlap.error!.msg, 'already has an IP address different from 2001:db8::ff/64');
});

test('an address that the bridge does not take is named', () => {
  const { error } = add(layer3({ isGateway: true }), { 'addr.add': ({ link }) => (link === 1 ? refuse('invalid', 'no', 'EINVAL')() : {}) });
  assert.is(error!.msg, 'failed to set bridge addr: could not add IP address 192.0.2.1/24 to "cni0": no');
});

const iptablesOf = (family: string, chain: string, ip: string, subnet: string, multicast: string): object => ({
  ns: 'host', family, table: 'nat', chains: [{ name: chain }],
  add: [
    { chain, rule: { match: [{ daddr: subnet }], action: { verdict: 'accept' }, comment: COMMENT } },
    { chain, rule: { match: [{ daddr: multicast, not: true }], action: { masquerade: true }, comment: COMMENT } },
    { chain: 'POSTROUTING', rule: { match: [{ saddr: ip }], action: { jump: chain }, comment: COMMENT } },
  ],
});

test('masquerading with iptables: the reference\'s chain for each family', () => {
  const { asked } = add(layer3({ ipMasq: true }));
  assert.equal(requests(asked, 'iptables.apply'), [
    iptablesOf('ip', CHAIN, '192.0.2.2/32', '192.0.2.0/24', '224.0.0.0/4'), iptablesOf('ip6', CHAIN, '2001:db8::2/128', '2001:db8::/64', 'ff00::/8'),
  ]);
});

test('masquerading with nftables: the reference\'s table, with comments cut to 128 bytes', () => {
  const prefix = `${HASHES.network.slice(0, 16)}-${HASHES.interface.slice(0, 16)}`;
  const { asked } = add(layer3({ ipMasq: true, ipMasqBackend: 'nftables' }));
  const [rules] = requests(asked, 'nft.apply') as { remove: unknown; set: { rules: unknown[] }[]; add: { rule: { match: unknown; comment: string } }[] }[];
  assert.equal(rules!.remove, [{ chain: 'masq_checks', commentPrefix: prefix }]);
  assert.equal(rules!.set[0]!.rules.at(-1), { match: [], action: { goto: 'masq_checks' } });
  assert.equal(rules!.add.map(({ rule }) => rule), [['192.0.2.2/32', '192.0.2.0/24'], ['2001:db8::2/128', '2001:db8::/64']].map(([saddr, daddr]) => ({
    match: [{ saddr }, { daddr, not: true }], action: { masquerade: true }, comment: `${prefix}, net: blue, if: eth0, id: c1`,
  })));
  const long = add(layer3({ ipMasq: true, ipMasqBackend: 'nftables' }), {}, { containerId: 'c'.repeat(200) });
  assert.is((requests(long.asked, 'nft.apply')[0] as typeof rules)!.add[0]!.rule.comment.length, 128);
});

test('the backend is iptables unless only nft can be used', () => {
  const backend = (iptables: boolean, nft: boolean): string =>
    add(layer3({ ipMasq: true }), { 'iptables.usable': { usable: iptables }, 'nft.usable': { usable: nft } }).asked.find(({ op }) => op.endsWith('.apply'))!.op;
  assert.equal([backend(true, true), backend(false, true), backend(true, false), backend(false, false)], ['iptables.apply', 'nft.apply', 'iptables.apply', 'iptables.apply']);
  assert.equal(add(layer3({ ipMasq: true, ipMasqBackend: 'x' })).error, { code: 999, msg: 'unknown ipmasq backend "x"' });
});

const wrong: [string, Message, string, Partial<Call>?, Answers?, number?][] = [
  ['a wrong type', conf({ mtu: '1500' }), 'failed to load netconf: json: cannot unmarshal string into Go struct field NetConf.mtu of type int'],
  ['a fraction', conf({ mtu: 1.5 }), 'failed to load netconf: json: cannot unmarshal number 1.5 into Go struct field NetConf.mtu of type int'],
  ['a wrong ipam', conf({ ipam: 5 }), 'failed to load netconf: json: cannot unmarshal number into Go struct field NetConf.ipam of type types.IPAM'],
  ['a trunk that is no list', conf({ vlanTrunk: {} }), 'failed to load netconf: json: cannot unmarshal object into Go struct field NetConf.vlanTrunk of type []*main.VlanTrunk'],
  ['a trunk id as a string', conf({ vlanTrunk: [{ id: '5' }] }), 'failed to load netconf: json: cannot unmarshal string into Go struct field VlanTrunk.vlanTrunk.id of type int'],
  ['a VLAN out of range', conf({ vlan: 4095 }), 'invalid VLAN ID 4095 (must be between 0 and 4094)'],
  ['half a trunk', conf({ vlanTrunk: [{ minID: 5 }] }), 'minID and maxID should be configured simultaneously, maxID is missing'],
  ['the other half', conf({ vlanTrunk: [{ maxID: 5 }] }), 'minID and maxID should be configured simultaneously, minID is missing'],
  ['a trunk backwards', conf({ vlanTrunk: [{ minID: 9, maxID: 5 }] }), 'minID is greater than maxID in trunk parameter'],
  ['more time than a module has', conf({ dadTimeout: 60 }), 'invalid dadTimeout 60 (must be 1 to 20 seconds)'],
  ['a trunk id', conf({ vlanTrunk: [{ id: 0 }] }), 'incorrect trunk id parameter'],
  ['hairpin and promiscuous mode', conf({ hairpinMode: true, promiscMode: true }), 'cannot set hairpin mode and promiscuous mode at the same time'],
  ['IPAM for a disabled interface', layer3({ disableContainerInterface: true }), 'cannot use IPAM when DisableContainerInterface flag is set'],
  ['unknown CNI_ARGS', conf(), 'ARGS: unknown args ["IP=192.0.2.9"]', { args: 'IP=192.0.2.9' }],
  ['a bad hardware address', conf(), 'failed to make veth pair: address zz: invalid MAC address', { args: 'MAC=zz' }],
  ['no bridge', conf({ bridge: 'eth0' }), 'failed to create bridge "eth0": "eth0" already exists but is not a bridge'],
  ['a taken interface name', conf(), 'container veth name ("eth0") already exists', {}, { 'link.create': refuse('exists', 'link "eth0" already exists', 'EEXIST') }],
  ['IPAM without addresses', layer3(), 'IPAM plugin returned missing IP config', {}, { 'delegate.call': { result: {} } }],
  ['a port that stays down', conf(), 'bridge port in error state: lowerlayerdown', {}, { 'link.get': ({ name, link }) => ({ ...(name === 'cni0' || link === 1 ? BRIDGE : VETH), state: 'lowerlayerdown' }) }],
  ['addresses that do not settle', layer3(), 'failed to settle addresses for "eth0": link eth0 still has tentative addresses after 5 seconds', {}, { 'addr.await': { settled: false } }],
  ['addresses that do not settle in the time given', layer3({ dadTimeout: 12 }), 'failed to settle addresses for "eth0": link eth0 still has tentative addresses after 12 seconds', {}, { 'addr.await': { settled: false } }],
  ['a duplicate address', layer3(), 'failed to settle addresses for "eth0": link eth0 has address 2001:db8::2 in DADFAILED state', {}, { 'addr.await': { settled: false, failed: '2001:db8::2' } }],
];
for (const [what, config, msg, more = {}, answers = {}, code = 999] of wrong) {
  test(`refuses ${what}`, () => {
    assert.equal(add(config, answers, more).error, { code, msg });
  });
}

test('a kernel error keeps its code', () => {
  const { error } = add(layer3(), { 'route.add': refuse('not-found', 'network is unreachable', 'ENETUNREACH') });
  assert.equal(error, { code: 102, msg: "failed to add route '198.51.100.0/24 via <nil> dev eth0 metric 7 (Scope: universe, Table: 0)': network is unreachable" });
});

test.run();
