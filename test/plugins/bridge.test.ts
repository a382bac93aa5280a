// The bridge plugin against a scripted host: what it asks for, in which order, and what it says when something is wrong.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { hashesOf } from '../../host/ledger/attachment-id.ts';
import { loadPlugin, refuse, type Answers, type Asked, type Call } from '../support/guest-host.ts';

const bridge = await loadPlugin('bridge');

type Message = Record<string, unknown>;
const HASHES = hashesOf({ network: 'blue', containerId: 'c1', ifname: 'eth0' });
const CHAIN = `CNI-${HASHES.attachment.slice(0, 24)}`;
const LINK = { mtu: 1500, up: true, state: 'up', promisc: false };
const BRIDGE = { ...LINK, link: 1, name: 'cni0', kind: 'bridge', mac: '02:00:00:00:00:01', index: 7, owner: 'network' };
const ETH0 = { ...LINK, link: 2, name: 'eth0', kind: 'veth', mac: '02:00:00:00:00:02', index: 2, peer: 9, owner: 'attachment' };
const VETH = { ...LINK, link: 3, name: 'veth0a1b2c3d', kind: 'veth', mac: '02:00:00:00:00:03', index: 9, peer: 2, master: 7, hairpin: false, isolated: false, owner: 'attachment' };
const LEASE = { ips: [{ address: '192.0.2.2/24' }, { address: '2001:db8::2/64', gateway: '2001:db8::ff' }], routes: [{ dst: '198.51.100.0/24', priority: 7, mtu: 1300 }] };
const INTERFACES = [{ name: 'cni0', mac: BRIDGE.mac }, { name: VETH.name, mac: VETH.mac }, { name: 'eth0', mac: ETH0.mac, sandbox: 'container' }];

const conf = (keys: object = {}): Message => ({ cniVersion: '1.1.0', name: 'blue', type: 'bridge', ...keys });
const layer3 = (keys: object = {}): Message => conf({ ipam: { type: 'host-local' }, ...keys });
const addrs = (...addresses: string[]): object => ({ addrs: addresses.map((address) => ({ address, scope: 0, tentative: false, dadFailed: false })) });
const notFound = refuse('not-found', 'not found', 'ENODEV');

const node: Answers = {
  'link.get': ({ name, link }) => [BRIDGE, ETH0, VETH].find((one) => one.name === name || one.link === link) ?? notFound(),
  'link.create': ({ kind }) => (kind === 'bridge' ? { link: 1 } : { link: 2, peer: 3 }),
  'link.set': {}, 'link.delete': {}, 'sysctl.set': {}, 'sysctl.get': { value: '0' },
  'addr.list': addrs(), 'addr.add': {}, 'addr.delete': {}, 'addr.await': { settled: true }, 'route.add': {},
  'delegate.call': ({ verb }) => (verb === 'ADD' ? { result: LEASE } : {}),
  'iptables.usable': { usable: true }, 'nft.usable': { usable: true }, 'iptables.apply': {}, 'nft.apply': {},
  'iptables.check': { missing: [] }, 'nft.check': { missing: [] },
};
const requests = (asked: readonly Asked[], op: string): Message[] => asked.filter((one) => one.op === op).map(({ request }) => request);
const add = (config: Message, answers: Answers = {}, more: Partial<Call> = {}): ReturnType<typeof bridge> => bridge({ verb: 'ADD', config, ...more }, { ...node, ...answers });

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
    { op: 'link.get', request: { link: 1 } }, { op: 'link.set', request: { link: 1, mac: BRIDGE.mac } },
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
  assert.equal(add(layer3({ isGateway: true }), there).error, { code: 999, msg: 'failed to set bridge addr: "cni0" already has an IP address different from 192.0.2.1/24' });
  const forced = add(layer3({ isGateway: true, forceAddress: true }), there);
  assert.is(forced.error, undefined);
  assert.equal(requests(forced.asked, 'addr.delete'), [{ link: 1, address: '203.0.113.1/24' }]);
  const settled = add(layer3({ isGateway: true }), { 'addr.list': addrs('192.0.2.1/24', '2001:db8::ff/64') });
  assert.equal(requests(settled.asked, 'addr.add').filter(({ link }) => link === 1), []);
  const overlap = add(layer3({ isGateway: true }), { 'addr.list': addrs('192.0.2.1/24', '2001:db8::1/48') });
  assert.match(overlap.error!.msg, 'already has an IP address different from 2001:db8::ff/64');
});

const COMMENT = 'name: "blue" id: "c1"';
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

test('DEL: link, lease, rules of both backends by the addresses of the link', () => {
  const { asked, error } = bridge({ verb: 'DEL', config: layer3({ ipMasq: true }) }, { ...node, 'addr.list': addrs('192.0.2.2/24', '2001:db8::2/64', 'fe80::1/64') });
  assert.is(error, undefined);
  assert.equal(asked.map(({ op }) => op), [
    'link.get', 'addr.list', 'link.delete', 'delegate.call', 'iptables.usable', 'iptables.apply', 'iptables.usable', 'iptables.apply', 'nft.usable', 'nft.apply',
  ]);
  const jump = (saddr: string): object => ({ chain: 'POSTROUTING', rule: { match: [{ saddr }], action: { jump: CHAIN }, comment: COMMENT } });
  assert.equal(requests(asked, 'iptables.apply')[0], {
    ns: 'host', family: 'ip', table: 'nat', remove: [jump('192.0.2.2/32'), jump('192.0.2.0/24')], drop: [{ chain: CHAIN, unreferenced: true }],
  });
});

test('DEL without namespace: addresses of prevResult, else the whole chain', () => {
  const first = (config: Message): Message => requests(bridge({ verb: 'DEL', config, netns: false }, node).asked, 'iptables.apply')[0]!;
  const prevResult = { interfaces: INTERFACES, ips: [{ address: '192.0.2.2/24', interface: 2 }] };
  assert.is((first(layer3({ ipMasq: true, prevResult }))['remove'] as unknown[]).length, 2);
  assert.equal(first(layer3({ ipMasq: true }))['drop'], [{ chain: CHAIN, unreferenced: false }]);
});

test('DEL again, with the link gone and a sibling interface alive: its chain stays', () => {
  const { asked } = bridge({ verb: 'DEL', config: layer3({ ipMasq: true }) }, { ...node, 'link.get': notFound });
  assert.equal(requests(asked, 'iptables.apply')[0]!['drop'], [{ chain: CHAIN, unreferenced: true }]);
});

test('DEL succeeds without IPAM, without any backend, and without link', () => {
  assert.equal(bridge({ verb: 'DEL', config: conf({ ipMasq: true }) }, { 'link.get': notFound }).error, undefined);
  const none = { 'iptables.usable': { usable: false }, 'nft.usable': refuse('denied', 'not granted') };
  assert.is(bridge({ verb: 'DEL', config: layer3({ ipMasq: true }) }, { ...node, ...none }).error, undefined);
});

test('DEL of a configuration with keys that ADD refuses works: the reference may have attached', () => {
  assert.is(bridge({ verb: 'DEL', config: conf({ vlan: 100, macspoofchk: true }) }, node).error, undefined);
});

const CHECKED = layer3({ isGateway: true, ipMasq: true, prevResult: { interfaces: INTERFACES, ips: [{ address: '192.0.2.2/24', gateway: '192.0.2.1', interface: 2 }], routes: [{ dst: '0.0.0.0/0', gw: '192.0.2.1' }] } });
const standing: Answers = {
  ...node,
  'addr.list': ({ link }) => addrs(link === 1 ? '192.0.2.1/24' : '192.0.2.2/24'),
  'route.list': { routes: [{ dst: '0.0.0.0/0', gw: '192.0.2.1', table: 254, metric: 0, scope: 0 }, { dst: '192.0.2.0/24', table: 254, metric: 0, scope: 253 }] },
};
const checked = (answers: Answers = {}, config = CHECKED): string | undefined => bridge({ verb: 'CHECK', config }, { ...standing, ...answers }).error?.msg;
const changed = (change: object): Answers => ({ 'link.get': ({ name }) => {
  const link = { ...[BRIDGE, ETH0, VETH].find((one) => one.name === name)! };
  return { ...link, ...((change as Record<string, object>)[link.name] ?? {}) };
} });

test('CHECK passes when all stands, and finds each thing that does not', () => {
  assert.is(checked(), undefined);
  assert.is(checked({}, conf({ prevResult: { interfaces: INTERFACES } })), undefined, 'without IPAM none is called');
  assert.is(checked({}, layer3()), 'Required prevResult missing');
  assert.is(checked({ 'link.get': notFound }), 'Interface cni0 not found');
  assert.is(checked(changed({ cni0: { kind: 'dummy' } })), 'Interface cni0 does not have link type of bridge');
  assert.is(checked(changed({ cni0: { mac: '02:00:00:00:00:99' } })), "Bridge interface cni0 Mac doesn't match: 02:00:00:00:00:99");
  assert.is(checked(changed({ cni0: { promisc: true } })), "Bridge interface cni0 configured Promisc Mode false doesn't match current state: true ");
  assert.is(checked(changed({ eth0: { mac: '02:00:00:00:00:99' } })), "Interface eth0 Mac 02:00:00:00:00:02 doesn't match container Mac: 02:00:00:00:00:99");
  assert.is(checked(changed({ [VETH.name]: { master: 8 } })), 'CNI veth created for bridge cni0 was not found');
  assert.is(checked(changed({ [VETH.name]: { hairpin: true } })), `Interface ${VETH.name} configured hairpin mode false doesn't match current state: true`);
  assert.is(checked({ 'addr.list': ({ link }) => (link === 1 ? addrs('192.0.2.1/24') : addrs()) }), 'Failed to match addr 192.0.2.2/24 on interface eth0');
  assert.is(checked({ 'addr.list': ({ link }) => (link === 1 ? addrs() : addrs('192.0.2.2/24')) }), 'Failed to match addr 192.0.2.1/24 on interface cni0');
  assert.is(checked({ 'route.list': { routes: [{ dst: '192.0.2.0/24', table: 254, metric: 0, scope: 253 }] } }), 'Expected Route {Dst:0.0.0.0/0 GW:192.0.2.1} not found in routing table');
  assert.is(checked({ 'iptables.check': { missing: [{ chain: CHAIN }] } }), `masquerading: chain "${CHAIN}" is missing`);
  assert.is(checked({ 'delegate.call': refuse('io', 'no lease') }), 'no lease');
});

test('GC drops the rules of containers and interfaces that are not valid, and asks IPAM to do the same', () => {
  const chain = (name: string, network: string, id: string): object => ({ name, rules: [{ text: '', comment: `name: "${network}" id: "${id}"` }] });
  const start = `${HASHES.network.slice(0, 16)}-`;
  const comment = (ifname: string, id: string): string => `${start}0123456789abcdef, net: blue, if: ${ifname}, id: ${id}`.slice(0, 128);
  const long = 'c'.repeat(100);
  const answers: Answers = {
    ...node,
    'iptables.list': ({ family }) => ({ chains: family === 'ip6' ? [] : [
      chain(`CNI-${'a'.repeat(24)}`, 'blue', 'c1'), chain(`CNI-${'b'.repeat(24)}`, 'blue', 'gone'), chain(`CNI-${'c'.repeat(24)}`, 'other', 'gone'),
      chain('POSTROUTING', 'blue', 'gone'), chain(`CNI-DN-${'d'.repeat(21)}`, 'blue', 'gone'),
    ] }),
    'nft.list': { chains: [
      { name: 'masq_checks', rules: [comment('eth0', 'c1'), comment('net1', 'c1'), comment('eth0', long), `${'0'.repeat(33)}, net: other`].map((text) => ({ text: '', comment: text })) },
      { name: 'postrouting', rules: [] },
    ] },
  };
  const validAttachments = [{ containerID: 'c1', ifname: 'eth0' }, { containerID: long, ifname: 'eth0' }];
  const { asked, error } = bridge({ verb: 'GC', config: layer3({ ipMasq: true }), validAttachments }, answers);
  assert.is(error, undefined);
  assert.equal(requests(asked, 'iptables.apply')[0]!['drop'], [{ chain: `CNI-${'b'.repeat(24)}` }]);
  assert.equal(requests(asked, 'nft.apply')[0]!['remove'], [{ chain: 'masq_checks', comment: comment('net1', 'c1') }]);
  assert.equal(asked.at(-1), { op: 'delegate.call', request: { verb: 'GC' } });
  assert.equal(bridge({ verb: 'GC', config: layer3({ ipMasq: true }) }, answers).asked.map(({ op }) => op), ['delegate.call'], 'without the list nothing is collected here');
});

test('STATUS asks IPAM, and whether masquerading is possible', () => {
  const status = (answers: Answers): object | undefined => bridge({ verb: 'STATUS', config: layer3({ ipMasq: true }) }, { ...node, ...answers }).error;
  assert.is(status({}), undefined);
  assert.equal(status({ 'iptables.usable': { usable: false }, 'nft.usable': { usable: false } }), { code: 50, msg: 'ipMasq needs iptables, which cannot be used on this node' });
  const exhausted = (): never => { throw new CniError(50, 'no IP addresses available in range set: a-b', {}); };
  assert.equal(status({ 'delegate.call': exhausted }), { code: 50, msg: 'no IP addresses available in range set: a-b' });
});

const wrong: [string, Message, string, Partial<Call>?, Answers?, number?][] = [
  ['a wrong type', conf({ mtu: '1500' }), 'failed to load netconf: json: cannot unmarshal string into Go struct field NetConf.mtu of type int'],
  ['a fraction', conf({ mtu: 1.5 }), 'failed to load netconf: json: cannot unmarshal number 1.5 into Go struct field NetConf.mtu of type int'],
  ['a wrong ipam', conf({ ipam: 5 }), 'failed to load netconf: json: cannot unmarshal number into Go struct field NetConf.ipam of type types.IPAM'],
  ['a VLAN out of range', conf({ vlan: 4095 }), 'invalid VLAN ID 4095 (must be between 0 and 4094)'],
  ['half a trunk', conf({ vlanTrunk: [{ minID: 5 }] }), 'minID and maxID should be configured simultaneously, maxID is missing'],
  ['the other half', conf({ vlanTrunk: [{ maxID: 5 }] }), 'minID and maxID should be configured simultaneously, minID is missing'],
  ['a trunk backwards', conf({ vlanTrunk: [{ minID: 9, maxID: 5 }] }), 'minID is greater than maxID in trunk parameter'],
  ['a trunk id', conf({ vlanTrunk: [{ id: 0 }] }), 'incorrect trunk id parameter'],
  ['a VLAN', conf({ vlan: 100 }), 'unsupported field: "vlan" and "vlanTrunk" are not supported yet; remove them', {}, {}, 2],
  ['a spoof check', conf({ macspoofchk: true }), 'unsupported field: "macspoofchk" is not supported yet; remove it', {}, {}, 2],
  ['hairpin and promiscuous mode', conf({ hairpinMode: true, promiscMode: true }), 'cannot set hairpin mode and promiscuous mode at the same time'],
  ['IPAM for a disabled interface', layer3({ disableContainerInterface: true }), 'cannot use IPAM when DisableContainerInterface flag is set'],
  ['unknown CNI_ARGS', conf(), 'ARGS: unknown args ["IP=192.0.2.9"]', { args: 'IP=192.0.2.9' }],
  ['a bad hardware address', conf(), 'failed to make veth pair: address zz: invalid MAC address', { args: 'MAC=zz' }],
  ['no bridge', conf({ bridge: 'eth0' }), 'failed to create bridge "eth0": "eth0" already exists but is not a bridge'],
  ['a taken interface name', conf(), 'container veth name ("eth0") already exists', {}, { 'link.create': refuse('exists', 'link "eth0" already exists', 'EEXIST') }],
  ['IPAM without addresses', layer3(), 'IPAM plugin returned missing IP config', {}, { 'delegate.call': { result: {} } }],
  ['a port that stays down', conf(), 'bridge port in error state: lowerlayerdown', {}, { 'link.get': ({ name, link }) => ({ ...(name === 'cni0' || link === 1 ? BRIDGE : VETH), state: 'lowerlayerdown' }) }],
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
