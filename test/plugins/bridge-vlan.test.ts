// The VLAN keys of the bridge plugin against a scripted host: the VLANs of the port, and the node's own interface in the VLAN.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse, type Answers } from '../support/guest-host.ts';
import { add, bridge, BRIDGE, conf, ETH0, INTERFACES, layer3, LINK, node, notFound, requests, VETH, addrs, type Message } from './bridge-node.ts';

const DEFAULT = { id: 1, pvid: true, untagged: true };
const GATEWAY = { ...LINK, link: 4, name: 'cni0.100', kind: 'veth', mac: '02:00:00:00:00:04', index: 11, peer: 12, owner: 'network' };
const vlansOf = (keys: object, present: object[] = [DEFAULT]): unknown => {
  const { asked, error } = add(conf(keys), { 'link.get': ({ name, link, vlans }) => ({ ...[BRIDGE, ETH0, VETH].find((one) => one.name === name || one.link === link)!, ...(vlans ? { vlans: present } : {}) }) });
  assert.is(error, undefined);
  return requests(asked, 'link.set').find(({ vlans }) => vlans !== undefined);
};

test('one VLAN: untagged, and nothing else is left on the port', () => {
  assert.equal(vlansOf({ vlan: 100 }), { link: 3, vlans: [{ id: 100, pvid: true, untagged: true }] });
});

test('a trunk: union of all entries in ranges, and VLAN 1 for frames without a tag', () => {
  assert.equal(vlansOf({ vlanTrunk: [{ minID: 5, maxID: 8, id: 20 }, { id: 9 }, { minID: 7, maxID: 10 }] }), { link: 3, vlans: [DEFAULT, { id: 5, last: 10 }, { id: 20 }] });
  assert.equal(vlansOf({ vlanTrunk: [{ minID: 1, maxID: 4094 }] }), { link: 3, vlans: [DEFAULT, { id: 2, last: 4094 }] });
});

test('a VLAN and a trunk together; the trunk\'s entry for the same VLAN comes later and counts', () => {
  assert.equal(vlansOf({ vlan: 100, vlanTrunk: [{ minID: 101, maxID: 102 }] }), { link: 3, vlans: [{ id: 100, pvid: true, untagged: true }, { id: 101, last: 102 }] });
  assert.equal(vlansOf({ vlan: 100, vlanTrunk: [{ minID: 99, maxID: 101 }] }), { link: 3, vlans: [{ id: 99, last: 101 }] });
});

test('preserveDefaultVlan keeps what the port has, without its PVID', () => {
  assert.equal(vlansOf({ vlan: 100, preserveDefaultVlan: true }), { link: 3, vlans: [{ id: 1, untagged: true }, { id: 100, pvid: true, untagged: true }] });
  assert.is(vlansOf({ preserveDefaultVlan: true }), undefined);
});

test('an empty trunk makes a filtering bridge and leaves the port alone, null is none', () => {
  const missingBridge = (): Answers => {
    let made = false;
    return {
      'link.create': ({ kind }) => (kind === 'bridge' ? ((made = true), { link: 1 }) : { link: 2, peer: 3 }),
      'link.get': ({ name, link }) => (name === 'cni0' && !made ? notFound() : [BRIDGE, ETH0, VETH].find((one) => one.name === name || one.link === link)!),
    };
  };
  const filtering = (keys: object): unknown => requests(add(conf(keys), missingBridge()).asked, 'link.create')[0]!['vlanFiltering'];
  assert.equal([filtering({ vlanTrunk: [] }), filtering({ vlanTrunk: null }), filtering({ vlan: 0 }), filtering({ vlan: 7 })], [true, undefined, undefined, true]);
  assert.is(vlansOf({ vlanTrunk: [{}] }), undefined);
});

test('a bridge that does not look at VLANs is used as it is, and the log says so', () => {
  const { logged, error } = add(conf({ vlan: 100 }));
  assert.is(error, undefined);
  assert.match(logged.join(), 'bridge "cni0" was made without vlan_filtering');
});

test('a kernel without VLAN filtering: the reference\'s words, and what to do', () => {
  const no = refuse('unsupported', 'create bridge "cni0": EOPNOTSUPP', 'EOPNOTSUPP');
  const made = add(conf({ vlan: 100 }), { 'link.get': notFound, 'link.create': no }).error!;
  assert.is(made.msg, 'failed to create bridge "cni0": could not add "cni0": operation not supported');
  assert.match(made.details!, 'CONFIG_BRIDGE_VLAN_FILTERING');
  const set = add(conf({ vlan: 100 }), { 'link.set': ({ vlans }) => (vlans ? no() : {}) }).error!;
  assert.is(set.msg, `failed to setup vlan tag on interface "${VETH.name}": operation not supported`);
  assert.match(set.details!, 'CONFIG_BRIDGE_VLAN_FILTERING');
});

/** The gateway's interface is made in the course of the call. */
function withoutGateway(): Answers {
  let made = false;
  return {
    ...node,
    'link.create': ({ kind, name }) => (kind === 'bridge' ? { link: 1 } : name === 'eth0' ? { link: 2, peer: 3 } : ((made = true), { link: 4, peer: 5 })),
    'link.get': ({ name, link }) => [BRIDGE, ETH0, VETH, ...(made ? [GATEWAY] : [])].find((one) => one.name === name || one.link === link) ?? notFound(),
  };
}
const V4 = { 'delegate.call': { result: { ips: [{ address: '192.0.2.2/24' }] } } };

test('a gateway in a VLAN: a pair of the network, a port in that VLAN, and the address is there', () => {
  const { asked, result, error } = add(layer3({ isGateway: true, vlan: 100, vlanTrunk: [{ id: 7 }] }), { ...withoutGateway(), ...V4 });
  assert.is(error, undefined);
  assert.equal(result!.interfaces, [...INTERFACES, { name: 'cni0.100', mac: GATEWAY.mac, mtu: 1500 }]);
  const from = asked.findIndex(({ request }) => request['name'] === 'cni0.100');
  assert.equal(asked.slice(from, from + 12), [
    { op: 'link.get', request: { ns: 'host', name: 'cni0.100' } },
    { op: 'link.get', request: { link: 1 } },
    { op: 'link.create', request: { ns: 'host', name: 'cni0.100', kind: 'veth', mtu: 1500, life: 'network', peer: { ns: 'host', mtu: 1500, txqlen: 0 } } },
    { op: 'sysctl.set', request: { link: 5, key: 'net/ipv6/conf/{link}/accept_ra', value: '0' } },
    { op: 'sysctl.set', request: { link: 4, key: 'net/ipv6/conf/{link}/accept_ra', value: '0' } },
    { op: 'link.set', request: { link: 5, up: true, master: 1, hairpin: false, isolated: false } },
    { op: 'link.set', request: { link: 5, vlans: [{ id: 100, pvid: true, untagged: true }] } },
    { op: 'link.set', request: { link: 4, up: true } },
    { op: 'link.get', request: { ns: 'host', name: 'cni0.100' } },
    { op: 'addr.list', request: { link: 4 } },
    { op: 'addr.add', request: { link: 4, address: '192.0.2.1/24', life: 'network' } },
    { op: 'sysctl.set', request: { ns: 'host', key: 'net/ipv4/ip_forward', value: '1' } },
  ]);
});

test('a gateway that is there is used, also one that another attachment made at the same time', () => {
  const there = { ...node, ...V4, 'link.get': ({ name, link }: Message) => [BRIDGE, ETH0, VETH, GATEWAY].find((one) => one.name === name || one.link === link) ?? notFound() };
  assert.equal(requests(add(layer3({ isGateway: true, vlan: 100 }), there).asked, 'link.create').map(({ name }) => name), ['eth0']);
  const raced = withoutGateway();
  const exists = refuse('exists', 'link "cni0.100" already exists', 'EEXIST');
  const make = raced['link.create'] as (request: Message) => object;
  assert.is(add(layer3({ isGateway: true, vlan: 100 }), { ...raced, ...V4, 'link.create': (request) => (request['name'] === 'cni0.100' ? (make(request), exists()) : make(request)) }).error, undefined);
});

test('a gateway with another address, and one whose name is too long', () => {
  const other = { ...withoutGateway(), ...V4, 'addr.list': ({ link }: Message) => (link === 4 ? addrs('203.0.113.1/24') : addrs()) };
  assert.is(add(layer3({ isGateway: true, vlan: 100 }), other).error!.msg, 'failed to set vlan interface for bridge with addr: "cni0.100" already has an IP address different from 192.0.2.1/24');
  const named = { ...BRIDGE, name: 'a-long-bridge' };
  const { error } = add(layer3({ isGateway: true, vlan: 100, bridge: 'a-long-bridge' }), { ...V4, 'link.get': ({ name, link }) => [named, ETH0, VETH].find((one) => one.name === name || one.link === link) ?? notFound() });
  assert.is(error!.msg, 'failed to create vlan interface: "a-long-bridge.100" is longer than 15 bytes; give the bridge a shorter name');
});

test('CHECK: the VLANs of the port, and the addresses of the gateway in the VLAN', () => {
  const check = (keys: object, vlans: object[], onGateway: string[] = ['192.0.2.1/24']): string | undefined => bridge({ verb: 'CHECK', config: conf({ ...keys, prevResult: {
    interfaces: [...INTERFACES, { name: 'cni0.100', mac: GATEWAY.mac }], ips: [{ address: '192.0.2.2/24', gateway: '192.0.2.1', interface: 2 }],
  } }) }, {
    ...node, 'addr.list': ({ link }) => (link === 4 ? addrs(...onGateway) : link === 1 ? addrs() : addrs('192.0.2.2/24')),
    'route.list': { routes: [{ dst: '192.0.2.0/24', table: 254, metric: 0, scope: 253 }] },
    'link.get': ({ name, vlans: asked }) => ({ ...[BRIDGE, ETH0, VETH, GATEWAY].find((one) => one.name === name)!, ...(asked ? { vlans } : {}) }),
  }).error?.msg;
  const tagged = { id: 100, pvid: true, untagged: true };
  assert.is(check({ vlan: 100 }, [tagged]), undefined);
  assert.is(check({ vlan: 100 }, [{ id: 1, untagged: true }, tagged]), undefined, 'old versions of the reference leave VLAN 1');
  assert.is(check({ vlan: 100 }, [DEFAULT]), `Interface ${VETH.name} does not have the VLANs 100 (PVID)`);
  assert.is(check({ vlan: 100 }, [tagged, { id: 7, last: 9 }]), `Interface ${VETH.name} has the VLANs 7-9, which are not configured`);
  assert.is(check({ vlan: 100, preserveDefaultVlan: true }, [tagged, { id: 7, last: 9 }]), undefined);
  assert.is(check({ vlanTrunk: [{ minID: 5, maxID: 8 }] }, [DEFAULT, { id: 5, last: 6 }]), `Interface ${VETH.name} does not have the VLANs 7-8`);
  const gateway = { vlan: 100, isGateway: true, ipam: { type: 'host-local' } };
  assert.is(check(gateway, [tagged]), undefined);
  assert.is(check(gateway, [tagged], []), 'Failed to match addr 192.0.2.1/24 on interface cni0.100');
});

test.run();
