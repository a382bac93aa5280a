// A scripted node for the bridge plugin: a bridge, a pair, a lease, and every operation succeeds.
// SPDX-License-Identifier: Apache-2.0

import { hashesOf } from '../../host/ledger/attachment-id.ts';
import { loadPlugin, refuse, type Answers, type Asked, type Call } from '../support/guest-host.ts';

export const bridge = loadPlugin('bridge');

export type Message = Record<string, unknown>;
export const HASHES = hashesOf({ network: 'blue', containerId: 'c1', ifname: 'eth0' });
export const CHAIN = `CNI-${HASHES.attachment.slice(0, 24)}`;
export const LINK = { mtu: 1500, up: true, state: 'up', promisc: false };
export const BRIDGE = { ...LINK, link: 1, name: 'cni0', kind: 'bridge', mac: '02:00:00:00:00:01', index: 7, owner: 'network' };
export const ETH0 = { ...LINK, link: 2, name: 'eth0', kind: 'veth', mac: '02:00:00:00:00:02', index: 2, peer: 9, owner: 'attachment' };
export const VETH = { ...LINK, link: 3, name: 'veth0a1b2c3d', kind: 'veth', mac: '02:00:00:00:00:03', index: 9, peer: 2, master: 7, hairpin: false, isolated: false, owner: 'attachment' };
export const LEASE = { ips: [{ address: '192.0.2.2/24' }, { address: '2001:db8::2/64', gateway: '2001:db8::ff' }], routes: [{ dst: '198.51.100.0/24', priority: 7, mtu: 1300 }] };
export const INTERFACES = [{ name: 'cni0', mac: BRIDGE.mac, mtu: 1500 }, { name: VETH.name, mac: VETH.mac, mtu: 1500 }, { name: 'eth0', mac: ETH0.mac, mtu: 1500, sandbox: 'container' }];

export const conf = (keys: object = {}): Message => ({ cniVersion: '1.1.0', name: 'blue', type: 'bridge', ...keys });
export const layer3 = (keys: object = {}): Message => conf({ ipam: { type: 'host-local' }, ...keys });
export const addrs = (...addresses: string[]): object => ({ addrs: addresses.map((address) => ({ address, scope: 0, tentative: false, dadFailed: false })) });
export const notFound = refuse('not-found', 'not found', 'ENODEV');

export const node: Answers = {
  'link.get': ({ name, link }) => [BRIDGE, ETH0, VETH].find((one) => one.name === name || one.link === link) ?? notFound(),
  'link.create': ({ kind }) => (kind === 'bridge' ? { link: 1 } : { link: 2, peer: 3 }),
  'link.set': {}, 'link.usable': { usable: true }, 'link.delete': {}, 'sysctl.set': {}, 'sysctl.get': { value: '0' }, 'sysctl.usable': { usable: true },
  'addr.list': addrs(), 'addr.add': {}, 'addr.delete': {}, 'addr.await': { settled: true }, 'route.add': {},
  'delegate.call': ({ verb }) => (verb === 'ADD' ? { result: LEASE } : {}),
  'iptables.usable': { usable: true }, 'nft.usable': { usable: true }, 'iptables.apply': {}, 'nft.apply': {},
  'iptables.check': { missing: [] }, 'nft.check': { missing: [] },
};
export const requests = (asked: readonly Asked[], op: string): Message[] => asked.filter((one) => one.op === op).map(({ request }) => request);
export const add = (config: Message, answers: Answers = {}, more: Partial<Call> = {}): ReturnType<typeof bridge> => bridge({ verb: 'ADD', config, ...more }, { ...node, ...answers });
export const COMMENT = 'name: "blue" id: "c1"';
