// Verbs that have no journal: what a module could change there would be nobody's, and nothing would take it back.
// SPDX-License-Identifier: Apache-2.0

import type { Ask, Case } from '../case.ts';

const GRANTS = {
  link: { host: ['bridge', 'veth'], container: ['lo'] }, hostLinks: ['acme*', 'cni0', 'uplink'], addr: ['host', 'container'], route: ['container'], rule: ['container'], neigh: ['host'], tc: ['host'],
  nft: ['inet acme'], iptables: { nat: { chains: ['ACME-*'], jumpFrom: [] } }, sysctl: ['host:net/ipv4/ip_forward', 'net/ipv4/conf/{link}/forwarding', 'container:net/**'], store: 'own', delegate: ['ipam'],
};
const IPAM = { ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } };
const PREV = { prevResult: { cniVersion: '1.1.0', ips: [{ address: '192.0.2.5/24' }] } };
const UPLINK: Ask = ['link.get', { ns: 'host', name: 'uplink' }];
const LO: Ask = ['link.get', { name: 'lo' }];
const FILTER = [{ name: 'in', hook: { type: 'filter', hook: 'input', priority: 0 } }];
const DROP = { chain: 'in', rule: { match: [{ proto: 'tcp', dport: 6443 }], action: { verdict: 'drop' } } };
const acme = (rules: object): Ask => ['nft.apply', { ns: 'host', family: 'inet', table: 'acme', ...rules }];

/** Each of them would be done in ADD. */
const CHANGES: readonly (readonly [does: string, object: RegExp, ...asks: Ask[]])[] = [
  ['makes a bridge', /^acme0$/, ['link.create', { ns: 'host', name: 'acme0', kind: 'bridge' }]],
  ['makes a chain that drops what comes in', /acme$/, acme({ chains: FILTER, add: [DROP] })],
  ['makes a chain of iptables', /nat$/, ['iptables.apply', { ns: 'host', family: 'ip', table: 'nat', chains: [{ name: 'ACME-A' }] }]],
  ['lets the host forward', /ip_forward$/, ['sysctl.set', { ns: 'host', key: 'net/ipv4/ip_forward', value: '0' }]],
  ['sets what its store holds', /^k$/, ['store.put', { key: 'k', value: 'v' }]],
  ['makes the uplink smaller', /^host:uplink$/, UPLINK, ['link.set', { link: 1, mtu: 1280 }]],
  ['sets a sysctl of the uplink', /uplink/, UPLINK, ['sysctl.set', { link: 1, key: 'net/ipv4/conf/{link}/forwarding', value: '0' }]],
  ['gives the uplink an address', /^host:uplink$/, UPLINK, ['addr.add', { link: 1, address: '203.0.113.7/32' }]],
  ['tells the uplink where its own address is', /^host:uplink$/, UPLINK, ['neigh.add', { link: 1, ip: '192.0.2.5', mac: '02:00:00:00:00:05' }]],
  ['shapes the uplink', /^host:uplink$/, UPLINK, ['tc.qdisc', { link: 1, kind: 'ingress' }]],
  ['puts a class on the uplink', /^host:uplink$/, UPLINK, ['tc.class', { link: 1, minor: 1, rate: 1000 }]],
  ['puts a filter on the uplink', /^host:uplink$/, UPLINK, ['tc.filter', { link: 1, parent: 'ingress' }]],
  ['adds a route', /^203\.0\.113\.0\/24$/, ['route.add', { dst: '203.0.113.0/24', gw: '192.0.2.1' }]],
  ['adds a routing policy rule', /./, ['rule.add', { family: 'ip', table: 100 }]],
];

/** What takes away, and what sets in the container: for DEL, and not for those that look. */
const TAKINGS: readonly (readonly [does: string, object: RegExp, ...asks: Ask[]])[] = [
  ['takes the uplink\'s address away', /^host:uplink$/, UPLINK, ['addr.delete', { link: 1, address: '198.51.100.1/24' }]],
  ['takes a chain away', /acme$/, acme({ drop: [{ chain: 'in' }] })],
  ['forgets what its store holds', /^k$/, ['store.delete', { key: 'k' }]],
  ['brings the container\'s loopback device up', /^container:lo$/, LO, ['link.set', { link: 1, up: true }]],
  ['sets a sysctl of the container', /ip_forward$/, ['sysctl.set', { key: 'net/ipv4/ip_forward', value: '1' }]],
];

const confOf = (verb: Case['verb']): object => (verb === 'GC' ? { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] } : verb === 'STATUS' ? {} : PREV);

/** DEL goes on without a module that was refused something, from the ledger. */
const refused = (verb: 'DEL' | 'CHECK' | 'GC' | 'STATUS') => ([does, object, ...asks]: (typeof CHANGES)[number]): Case => ({
  name: `${does} in ${verb}`, verb, grants: GRANTS, asks, conf: confOf(verb), code: verb === 'DEL' ? 0 : 101,
  says: verb === 'DEL' ? /^$/ : new RegExp(`is for [A-Z, and]+, not for ${verb}, which`), operation: asks.at(-1)![0], object,
});

/** An ADD takes a lease each time, in STATUS in nobody's name; a DEL frees that of a container that lives. */
const delegating = (other: string) => (verb: 'ADD' | 'CHECK' | 'GC' | 'STATUS'): Case => ({
  name: `has its IPAM plugin called for ${other} in ${verb}`, verb, grants: GRANTS, asks: [['delegate.call', { verb: other }]], conf: { ...IPAM, ...(verb === 'ADD' ? {} : confOf(verb)) },
  code: 101, says: new RegExp(`delegate\\.call of ${other} is not for ${verb}`), operation: 'delegate.call', object: /^host-local$/,
});

/** test/ops/for-verb.test.ts asks for every operation in every verb; there is a dump of the node after each of these. */
export const verbs = (): Case[] => [
  ...[...CHANGES, ...TAKINGS].map(refused('CHECK')),
  ...(['STATUS', 'CHECK', 'GC'] as const).map(delegating('ADD')), ...(['STATUS', 'ADD'] as const).map(delegating('DEL')), ...(['STATUS'] as const).map(delegating('GC')),
  ...CHANGES.slice(0, 7).map(refused('DEL')), ...CHANGES.slice(0, 4).map(refused('GC')), ...CHANGES.slice(0, 4).map(refused('STATUS')),
];
