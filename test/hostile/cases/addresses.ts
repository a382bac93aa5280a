// Addresses, routes, policy rules, neighbours and connections of the host and of other containers.
// SPDX-License-Identifier: Apache-2.0

import { PAIR, VETH_GRANT, type Ask, type Case } from '../case.ts';
import type { Furnished } from '../node.ts';

const HOST = { ...VETH_GRANT, hostLinks: ['acme*'], addr: ['host', 'container'], route: ['host', 'container'], rule: ['host', 'container'], neigh: ['host', 'container'] };

const LEASES = { ...VETH_GRANT, store: 'ipam', route: ['host'], nft: ['inet acme'], conntrack: true };
const RANGE = { ipam: { type: 'acme', ranges: [[{ subnet: '192.0.2.0/24' }]] } };
/** The uplink's network as one of containers. */
const LAN = { ipam: { type: 'acme', ranges: [[{ subnet: '198.51.100.0/24', gateway: '198.51.100.2' }]] } };
const up: Ask = ['link.set', { link: 2, up: true }];
const lease = (key: string): Ask => ['store.put', { key, value: 'c1\r\neth0' }];
const routeTo = (address: string): Ask => ['route.add', { ns: 'host', link: 2, dst: `${address}/32` }];
const sendTo = (to: string): Ask => ['nft.apply', {
  ns: 'host', family: 'inet', table: 'acme', chains: [{ name: 'in', hook: { type: 'nat', hook: 'prerouting', priority: -100 } }],
  add: [{ chain: 'in', rule: { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to, port: 6443 } } } }],
}];

export const addresses = ({ neighbour, redLease }: Furnished): Case[] => [
  { name: 'gives its own link the address of the uplink', grants: HOST, asks: [PAIR, ['addr.add', { link: 2, address: '198.51.100.1/24' }]], code: 101, says: /198\.51\.100\.1.* is on a link of others/, operation: 'addr.add', object: /^host:198\.51\.100\.1\/24$/ },
  { name: 'gives its own link the IPv6 address of the uplink, spelt differently', grants: HOST, asks: [PAIR, ['addr.add', { link: 2, address: '2001:DB8:51:0::1/128' }]], code: 101, says: /is on a link of others/, operation: 'addr.add', object: /2001:/ },
  ...['129.2.3.4/1', '198.51.100.130/25', '2001:db8::1/1', '192.0.2.130/25', '8.8.8.8/32'].map((address): Case => ({
    name: `leads what is sent to others to its own link by the address ${address} on it`, grants: HOST,
    asks: [PAIR, ['link.set', { link: 2, up: true }], ['link.set', { link: 1, up: true }], ['addr.add', { link: 2, address }]],
    conf: { prevResult: { cniVersion: '1.1.0', ips: [{ address: '192.0.2.66/24' }] } },
    code: 101, says: /of no network of this attachment/, operation: 'addr.add', object: new RegExp(`^host:${address}$`),
  })),
  { name: 'adds an address in a namespace it was not granted', grants: { ...HOST, addr: ['container'] }, asks: [PAIR, ['addr.add', { link: 2, address: '192.0.2.99/32' }]], code: 101, says: /addr\.add in the host namespace/, operation: 'addr.add', object: /^host$/ },
  { name: 'takes the host\'s default route away', grants: HOST, asks: [['route.delete', { ns: 'host', dst: '0.0.0.0/0', gw: '198.51.100.2' }]], code: 101, says: /0\.0\.0\.0\/0/, operation: 'route.delete', object: /^host:0\.0\.0\.0\/0$/ },
  { name: 'sends the whole node\'s traffic to its container', grants: HOST, asks: [PAIR, ['link.set', { link: 2, up: true }], ['route.add', { ns: 'host', link: 2, dst: '0.0.0.0/1' }]], code: 101, says: /0\.0\.0\.0\/1/, operation: 'route.add', object: /^host:0\.0\.0\.0\/1$/ },
  { name: 'sends the other container\'s traffic to its own', grants: HOST, asks: [PAIR, ['link.set', { link: 2, up: true }], ['route.add', { link: 2, dst: `${neighbour}/32` }]], code: 101, says: /no address of this attachment/, operation: 'route.add', object: new RegExp(`^host:${neighbour}/32$`) },
  { name: 'makes a route by a gateway of the uplink', grants: HOST, asks: [['route.add', { ns: 'host', dst: '203.0.113.128/25', gw: '198.51.100.2' }]], code: 101, says: /203\.0\.113\.128\/25/, operation: 'route.add', object: /^host:203/ },
  { name: 'makes a host route where it was granted the container\'s alone', grants: { ...HOST, route: ['container'] }, asks: [['route.add', { ns: 'host', dst: '203.0.113.1/32', gw: '198.51.100.2' }]], code: 101, says: /in the host namespace/, operation: 'route.add', object: /^host$/ },
  { name: 'takes the operator\'s policy rule away', grants: HOST, asks: [['rule.delete', { ns: 'host', family: 'ip', from: '198.51.100.0/24', table: 100, priority: 1000 }]], code: 101, says: /198\.51\.100\.0\/24/, operation: 'rule.delete', object: /^host:198\.51\.100\.0\/24$/ },
  { name: 'routes everything by a table of its own', grants: HOST, asks: [['rule.add', { ns: 'host', family: 'ip', table: 77, priority: 1 }]], code: 101, says: /of all traffic/, operation: 'rule.add', object: /^host:all$/ },
  { name: 'tells the host where a neighbour on the uplink lives', grants: HOST, asks: [['link.get', { ns: 'host', name: 'uplink' }], ['neigh.add', { link: 1, ip: '198.51.100.7', mac: '02:00:00:00:00:66' }]], code: 102, says: /not found/, operation: 'link.get', object: /^host:uplink$/ },
  { name: 'leases an address of the world, and has the node\'s traffic to it', grants: LEASES, asks: [PAIR, up, lease('8.8.8.8'), routeTo('8.8.8.8')], code: 101, says: /no address of this attachment/, operation: 'route.add', object: /^host:8\.8\.8\.8\/32$/ },
  { name: 'leases one outside of the range of its network', grants: LEASES, conf: RANGE, asks: [PAIR, up, lease('8.8.8.8'), routeTo('8.8.8.8')], code: 101, says: /no address of this attachment/, operation: 'route.add', object: /^host:8\.8\.8\.8\/32$/ },
  { name: 'leases the address of another network\'s container', grants: LEASES, conf: RANGE, asks: [PAIR, up, lease(redLease), routeTo(redLease)], code: 101, says: /no address of this attachment/, operation: 'route.add', object: new RegExp(`^host:${redLease}/32$`) },
  { name: 'leases the gateway of its network', grants: LEASES, conf: RANGE, asks: [PAIR, up, lease('192.0.2.1'), routeTo('192.0.2.1')], code: 101, says: /no address of this attachment/, operation: 'route.add', object: /^host:192\.0\.2\.1\/32$/ },
  { name: 'leases the host\'s own address, which is in the range, and publishes a service of the host', grants: LEASES, conf: LAN, asks: [lease('198.51.100.1'), sendTo('198.51.100.1')], code: 101, says: /no address of this attachment/, operation: 'nft.apply', object: /^198\.51\.100\.1$/ },
  { name: 'publishes a service of the host by a result that calls its address the container\'s', grants: LEASES, conf: { prevResult: { cniVersion: '1.1.0', ips: [{ address: '198.51.100.1/24' }] } }, asks: [sendTo('198.51.100.1')], code: 101, says: /no address of this attachment/, operation: 'nft.apply', object: /^198\.51\.100\.1$/ },
  { name: 'leases the host\'s own address, and flushes the connections to its services', grants: LEASES, conf: LAN, asks: [lease('198.51.100.1'), ['conntrack.flush', { family: 'ip', proto: 'udp', dport: 53, daddr: '198.51.100.1' }]], code: 101, says: /port 53/, operation: 'conntrack.flush', object: /^udp:53$/ },
  { name: 'gives a lease back, and keeps the route to it for whoever gets the address next', grants: LEASES, conf: RANGE, asks: [PAIR, up, lease('192.0.2.66'), routeTo('192.0.2.66'), ['store.delete', { key: '192.0.2.66' }]], code: 101, says: /given back on DEL alone/, operation: 'store.delete', object: /^192\.0\.2\.66$/ },
  { name: 'empties a lease, which is as good', grants: LEASES, conf: RANGE, asks: [PAIR, up, lease('192.0.2.66'), routeTo('192.0.2.66'), ['store.put', { key: '192.0.2.66', value: '' }]], code: 101, says: /given back on DEL alone/, operation: 'store.put', object: /^192\.0\.2\.66$/ },
  { name: 'makes its lease one of an interface that GC knows nothing of', grants: LEASES, conf: RANGE, asks: [PAIR, up, lease('192.0.2.66'), routeTo('192.0.2.66'), ['store.put', { key: '192.0.2.66', value: 'c1\r\neth9' }]], code: 101, says: /another container's or interface's lease/, operation: 'store.put', object: /^192\.0\.2\.66$/ },
  { name: 'flushes connections without a grant', wants: { conntrack: true }, asks: [['conntrack.flush', { family: 'ip', proto: 'udp', dport: 53 }]], code: 101, says: /asks for cni:conntrack\/1\.flush; policy grants none/, operation: 'conntrack.flush', object: /cni:conntrack\/1/ },
  { name: 'flushes the connections of a service of the host', grants: { conntrack: true }, asks: [['conntrack.flush', { family: 'ip', proto: 'udp', dport: 53 }]], code: 101, says: /port 53/, operation: 'conntrack.flush', object: /^udp:53$/ },
];
