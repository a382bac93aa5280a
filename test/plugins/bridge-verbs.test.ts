// DEL, CHECK, GC and STATUS of the bridge plugin against a scripted host.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { refuse, type Answers } from '../support/guest-host.ts';
import { bridge, type Message, HASHES, CHAIN, BRIDGE, ETH0, VETH, INTERFACES, conf, layer3, addrs, notFound, node, requests, add, COMMENT } from './bridge-node.ts';

test('DEL: link, lease, rules of both backends by the addresses of the link', () => {
  const { asked, error } = bridge({ verb: 'DEL', config: layer3({ ipMasq: true }) }, { ...node, 'addr.list': addrs('192.0.2.2/24', '2001:db8::2/64', 'fe80::1/64') });
  assert.is(error, undefined);
  assert.equal(asked.map(({ op }) => op), [
    'link.get', 'addr.list', 'link.delete', 'iptables.usable', 'iptables.apply', 'iptables.usable', 'iptables.apply', 'nft.usable', 'nft.apply', 'delegate.call',
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
  const none = { 'iptables.usable': { usable: false }, 'nft.usable': (): never => { throw new CniError(CODE.capabilityDenied, 'nft.usable is not granted', { kind: 'denied' }); } };
  assert.is(bridge({ verb: 'DEL', config: layer3({ ipMasq: true }) }, { ...node, ...none }).error, undefined);
});

test('DEL and GC tell of a packet filter that does not answer now, and go on', () => {
  const silent = { ...node, 'iptables.usable': refuse('timeout', 'locked'), 'nft.usable': refuse('timeout', 'no answer') };
  for (const verb of ['DEL', 'GC'] as const) {
    const { asked, error } = bridge({ verb, config: layer3({ ipMasq: true }), validAttachments: [] }, silent);
    assert.equal(error, { code: 999, msg: 'locked\nlocked\nno answer' });
    assert.equal(requests(asked, 'delegate.call'), [{ verb }]);
  }
});

test('results older than 1.1.0 tell no MTU, as the reference\'s', () => {
  assert.equal(add(conf({ cniVersion: '1.0.0' })).result, { interfaces: INTERFACES.map(({ mtu: _mtu, ...rest }) => rest) });
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
  assert.is(checked({ 'link.get': notFound }), 'Interface name cni0 not found');
  assert.is(checked(changed({ cni0: { kind: 'dummy' } })), 'Interface cni0 does not have link type of bridge');
  assert.is(checked(changed({ cni0: { mac: '02:00:00:00:00:99' } })), "Bridge interface cni0 Mac doesn't match: 02:00:00:00:00:01");
  assert.is(checked(changed({ cni0: { promisc: true } })), "Bridge interface cni0 configured Promisc Mode false doesn't match current state: true ");
  assert.is(checked(changed({ eth0: { mac: '02:00:00:00:00:99' } })), "Interface eth0 Mac 02:00:00:00:00:02 doesn't match container Mac: 02:00:00:00:00:99");
  assert.is(checked(changed({ [VETH.name]: { master: 8 } })), 'CNI veth created for bridge cni0 was not found');
  assert.is(checked(changed({ [VETH.name]: { hairpin: true } })), `Interface ${VETH.name} configured hairpin mode false doesn't match current state: true`);
  assert.is(checked({ 'addr.list': ({ link }) => (link === 1 ? addrs('192.0.2.1/24') : addrs()) }), 'Failed to match addr 192.0.2.2/24 on interface eth0');
  assert.is(checked({ 'addr.list': ({ link }) => (link === 1 ? addrs() : addrs('192.0.2.2/24')) }), 'Failed to match addr 192.0.2.1/24 on interface cni0');
  assert.is(checked({ 'route.list': { routes: [{ dst: '192.0.2.0/24', table: 254, metric: 0, scope: 253 }] } }), 'Expected Route {Dst:0.0.0.0/0 GW:192.0.2.1} not found in routing table');
  assert.is(checked(changed({ [VETH.name]: { mtu: 1400 } })), undefined, 'whatever the kernel chose');
  assert.is(checked(changed({ [VETH.name]: { mtu: 1400 } }), { ...CHECKED, mtu: 1300 }), `Interface ${VETH.name} configured MTU 1300 doesn't match current state: 1400`);
  assert.is(checked(changed({ eth0: { mtu: 1200 }, [VETH.name]: { mtu: 1300 } }), { ...CHECKED, mtu: 1300 }), undefined, 'tuning may change the container end');
  assert.is(checked({ 'iptables.check': { missing: [{ chain: CHAIN }] } }), `masquerading: chain "${CHAIN}" is missing`);
  assert.is(checked({ 'delegate.call': refuse('io', 'no lease') }), 'no lease');
});

test('CHECK passes over interfaces of other plugins of the chain, there or not', () => {
  const others = [{ name: 'gone0', mac: '02:00:00:00:00:98' }, { name: 'elsewhere', sandbox: '/run/netns/other' }];
  const listed = (...interfaces: object[]): Message => ({ ...CHECKED, prevResult: { ...CHECKED['prevResult'] as object, interfaces } });
  const there: Answers = { 'link.get': ({ name }) => [BRIDGE, ETH0, VETH].find((one) => one.name === name) ?? notFound() };
  assert.is(checked(there, listed(...others, ...INTERFACES)), undefined);
  assert.is(checked(there, listed(...INTERFACES, ...others)), undefined);
  assert.is(checked(there, listed(INTERFACES[0]!, ...others, INTERFACES[2]!)), 'Interface name gone0 not found');
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

const V4 = { subnet: '192.0.2.0/24' };
const V6 = { subnet: '2001:db8::/64' };
const OTHER = { subnet: '198.51.100.0/24' };
const different = (gateway: string, has: string, name = 'cni0', what = 'failed to set bridge addr'): object => ({
  code: 50, msg: `${what}: "${name}" already has an IP address different from ${gateway}`,
  details: `it has ${has}; give this network a bridge of its own, or "forceAddress": true to replace that`,
});
const ahead = (ipam: object, more: object = {}): Message => conf({ isGateway: true, ipam: { type: 'host-local', ...ipam }, ...more });

const gatewaysAhead: [string, Message, string[], object?][] = [
  ['a bridge without addresses', ahead(V4), []],
  ['its own gateway', ahead(V4), ['192.0.2.1/24']],
  ['its own gateway beside another address', ahead(V4), ['203.0.113.9/24', '192.0.2.1/24']],
  ['another address', ahead(V4), ['203.0.113.9/24'], different('192.0.2.1/24', '203.0.113.9/24')],
  ['another one in the subnet', ahead({ ...V4, gateway: '192.0.2.9' }), ['192.0.2.1/24'], different('192.0.2.9/24', '192.0.2.1/24')],
  ['another prefix length', ahead(V4), ['192.0.2.1/25'], different('192.0.2.1/24', '192.0.2.1/25')],
  ['another address, which may be replaced', ahead(V4, { forceAddress: true }), ['203.0.113.9/24']],
  ['another address, which nobody minds', ahead(V4, { isGateway: false }), ['203.0.113.9/24']],
  ['the default gateway is one as well', ahead(V4, { isGateway: false, isDefaultGateway: true }), ['203.0.113.9/24'], different('192.0.2.1/24', '203.0.113.9/24')],
  ['IPv6 beside it', ahead({ ranges: [[V6]] }), ['203.0.113.9/24', '2001:db8:1::1/64', 'fe80::1/64']],
  ['IPv6 that overlaps', ahead({ ranges: [[V4], [V6]] }), ['192.0.2.1/24', '2001:db8::7/64'], different('2001:db8::1/64', '2001:db8::7/64')],
  ['one range of the set fits', ahead({ ranges: [[OTHER, V4]] }), ['192.0.2.1/24']],
  ['no range of the set fits', ahead({ ranges: [[OTHER, V4]] }), ['203.0.113.9/24'], different('198.51.100.1/24', '203.0.113.9/24')],
  ['the runtime\'s ranges come first', ahead(V4, { runtimeConfig: { ipRanges: [[OTHER]] } }), ['192.0.2.1/24'], different('198.51.100.1/24', '192.0.2.1/24')],
  ['the node\'s pod subnets are not known here', ahead({ subnet: 'usePodCidr' }), ['203.0.113.9/24']],
  ['nor are another program\'s ranges', ahead({ ...V4, type: 'acme' }), ['203.0.113.9/24']],
];
for (const [what, config, has, error] of gatewaysAhead) {
  test(`STATUS compares the bridge's addresses as ADD does: ${what}`, () => assert.equal(bridge({ verb: 'STATUS', config }, { ...node, 'addr.list': addrs(...has) }).error, error));
}

const NO_SYSCTLS = { code: 50, msg: 'sysctls cannot be written: read-only' };
const sysctlsAhead: [what: string, config: Message, forward: string, error?: object][] = [
  ['forwarding is off', ahead(V4), '0', NO_SYSCTLS],
  ['forwarding is on', ahead(V4), '1'],
  ['nothing is to be forwarded', ahead(V4, { isGateway: false }), '0'],
  ['IPv6, which is set up in each container', ahead(V6, { isGateway: false }), '1', NO_SYSCTLS],
  ['IPv6 beside it', ahead({ ranges: [[V4], [V6]] }), '1', NO_SYSCTLS],
  ['another program\'s ranges are not known here', ahead({ ...V4, type: 'acme' }), '0'],
  ['iptables is to see what the bridge forwards', ahead(V4, { bridgeNfCallIptables: true, isGateway: false }), '0', NO_SYSCTLS],
];
for (const [what, config, value, error] of sysctlsAhead) {
  test(`STATUS where no sysctl can be written: ${what}`, () => assert.equal(
    bridge({ verb: 'STATUS', config }, { ...node, 'addr.list': addrs(), 'sysctl.get': { value }, 'sysctl.usable': { usable: false, why: 'read-only' } }).error, error));
}

test('STATUS compares no address of a bridge that is to be made, and with a VLAN those of its own interface', () => {
  const status = (config: Message, name: string): object | undefined => bridge({ verb: 'STATUS', config }, {
    ...node, 'addr.list': ({ link }) => addrs(...(link === 5 ? ['203.0.113.9/24'] : [])), 'link.get': (asked) => (asked['name'] === name ? { ...BRIDGE, name, link: 5 } : notFound()),
  }).error;
  assert.is(status(ahead(V4), 'other'), undefined);
  assert.equal(status(ahead(V4, { vlan: 7 }), 'cni0.7'), different('192.0.2.1/24', '203.0.113.9/24', 'cni0.7', 'failed to set vlan interface for bridge with addr'));
  assert.is(status(ahead(V4, { vlan: 7 }), 'cni0'), undefined);
});

test.run();
