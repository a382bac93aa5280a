// Firewall with iptables behind a bridge: addresses let through, the operator's chain, and policies between bridges.
// SPDX-License-Identifier: Apache-2.0

import { at, atLeast, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List } from '../case.ts';

const V4 = '192.0.2.0/24';
const V6 = '2001:db8::/64';
const bridge = (...subnets: string[]): Json => ({ type: 'bridge', bridge: 'br1', isGateway: true, ipam: hostLocal(...(subnets.length > 0 ? subnets : [V4])) });
const list = (keys: Json = {}, ...subnets: string[]): List => listOf(bridge(...subnets), { type: 'firewall', ...keys });
const lives = (what: string, keys: Json, ...subnets: string[]): Case => ({ name: `firewall: ${what}`, steps: life(list(keys, ...subnets)) });
const POLICIES = ['open', 'same-bridge', 'isolated'];
/** Names that iptables takes and nft does not. */
const ODD = ['1ADMIN', ':A', '+A', 'A@B', 'A=B,C', '#A', '*A', 'A%s', '{A}', 'A!B', '$A', 'x'.repeat(28)];

export const firewallCases: Case[] = [
  ...VERSIONS.map((version): Case => ({ name: `firewall: both families at ${version}`, steps: life(at(version, list({ backend: 'iptables' }, V4, V6))), differs: version === '1.1.0' ? ['mtu'] : [] })),
  ...[[V4], [V6], [V4, V6]].flatMap((subnets) => POLICIES.map((ingressPolicy) => lives(`${subnets.map((subnet) => (subnet === V4 ? 'IPv4' : 'IPv6')).join(' and ')}, ${ingressPolicy}`, { backend: 'iptables', ingressPolicy }, ...subnets))),
  lives('no backend named', {}), lives('a backend that is none is as no backend', { backend: 'ebtables' }), lives("another operator's chain", { backend: 'iptables', iptablesAdminChainName: 'MY-ADMIN' }), ...ODD.map((name) => lives(`another operator's chain ${name}`, { backend: 'iptables', iptablesAdminChainName: name })), lives('an empty policy', { ingressPolicy: '' }),
  { name: "firewall: the operator's rules stay", steps: [{ shell: 'iptables -N CNI-ADMIN; iptables -A CNI-ADMIN -s 203.0.113.0/24 -j DROP; iptables -A FORWARD -s 203.0.113.9 -j DROP; iptables -P FORWARD DROP' }, ...life(list({ ingressPolicy: 'same-bridge' }))] },
  { name: "firewall: the bridge has the container's address as well", steps: (['ADD', 'DEL'] as const).map((verb) => ({ verb, list: listOf({ type: 'bridge', bridge: 'br1', isGateway: true, ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24', gateway: '192.0.2.7' }] } }, { type: 'firewall' }) })) },
  { name: 'firewall: two containers', steps: [...life(list()).slice(0, 1), { shell: 'ip netns add c2' }, ...life(list(), { containerId: 'c2', netns: '/run/netns/c2' }), { verb: 'DEL', list: list() }] },
  { name: 'firewall: two policies on one node', steps: [...life(list({ ingressPolicy: 'same-bridge' })).slice(0, 1), { shell: 'ip netns add c2' }, ...life({ ...list({ ingressPolicy: 'isolated' }), name: 'green' }, { containerId: 'c2', netns: '/run/netns/c2' }).slice(0, 2)] },
  { name: 'firewall: ADD again is as once', steps: [{ verb: 'ADD', list: list({ ingressPolicy: 'isolated' }) }, { verb: 'DEL', list: list({ ingressPolicy: 'isolated' }) }, ...life(list({ ingressPolicy: 'isolated' }))] },
  { name: 'firewall: CHECK when a rule is gone', steps: [{ verb: 'ADD', list: list() }, { shell: 'iptables -F CNI-FORWARD' }, { verb: 'CHECK', list: list() }, { verb: 'DEL', list: list() }] },
  { name: 'firewall: STATUS and GC', steps: [{ verb: 'STATUS', list: at('1.1.0', list()) }, { verb: 'GC', list: at('1.1.0', list()) }], differs: ['status-folder'] },
];

const alone = (what: string, version: string, keys: Json): Case => ({ name: `firewall: ${what}`, steps: life(at(version, listOf({ type: 'firewall', ...keys }))) });

export const firewallErrors: Case[] = [
  ...VERSIONS.filter((version) => !atLeast(version, '0.4.0')).map((version) => alone(`refuses ${version}`, version, {})),
  alone('refuses a call outside of a chain', '1.0.0', {}),
  ...([['an unknown policy', { ingressPolicy: 'closed' }, 'policy-first'], ['a backend as a number', { backend: 7 }]] as const).map(([what, keys, ...more]): Case => ({
    name: `firewall: refuses ${what}`, differs: ['del-bad-config', ...more],
    steps: [{ verb: 'ADD', list: list(keys), later: true }, { verb: 'DEL', list: list(keys), later: true }, { verb: 'DEL', list: list() }],
  })),
];
