// Limits behind a bridge, and the whole chain with port mappings as runtimes run it.
// SPDX-License-Identifier: Apache-2.0

import { at, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List } from '../case.ts';

const bridge = { type: 'bridge', bridge: 'br1', isGateway: true, ipam: hostLocal('192.0.2.0/24') };
const list = (keys: Json = {}): List => listOf(bridge, { type: 'bandwidth', capabilities: { bandwidth: true }, ...keys });
const offered = (what: string, bandwidth: unknown, keys: Json = {}): Case => ({ name: `bandwidth: ${what}`, steps: life(list(keys), { offers: { bandwidth } }) });
const keyed = (what: string, keys: Json): Case => ({ name: `bandwidth: ${what}`, steps: life(list(keys)) });
/** DEL with what ADD refused succeeds and does nothing; the runtime's goes on to the bridge. */
const refuses = (what: string, bandwidth: unknown): Case => ({
  name: `bandwidth: refuses ${what}`, differs: ['del-bad-config'],
  steps: [{ verb: 'ADD', list: list(), offers: { bandwidth } }, { verb: 'DEL', list: listOf(list().plugins[1]!), offers: { bandwidth } }, { verb: 'DEL', list: listOf(bridge) }],
});
const IN = { ingressRate: 1_000_000, ingressBurst: 200_000 };
const OUT = { egressRate: 2_000_000, egressBurst: 400_000 };
const chain = (...subnets: string[]): List => listOf(
  { ...bridge, isDefaultGateway: true, ipMasq: true, ipam: hostLocal(...subnets) }, { type: 'portmap', capabilities: { portMappings: true } }, { type: 'bandwidth', capabilities: { bandwidth: true } });
const OFFERS = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }], bandwidth: { ...IN, ...OUT } };

export const bandwidthCases: Case[] = [
  keyed('nothing to limit', {}), offered('into the container', IN), offered('out of the container', OUT), offered('both directions', { ...IN, ...OUT }),
  keyed('keys of the configuration', { ...IN, ...OUT }), offered('keys of the configuration beat those of the runtime', { ...IN, ...OUT }, { ingressRate: 500_000, ingressBurst: 100_000 }),
  offered('capitalised keys as containerd sends them', { IngressRate: 1_000_000, IngressBurst: 4_294_967_295, EgressRate: 2_000_000, EgressBurst: 4_294_967_295 }),
  offered('the smallest rate', { ingressRate: 8, ingressBurst: 8 }), offered('a rate of ten gigabits', { ingressRate: 10_000_000_000, ingressBurst: 2_147_483_647 }),
  refuses('rate without burst', { ingressRate: 1000 }), refuses('burst without rate', { egressBurst: 1000 }), refuses('a negative rate', { ingressRate: -8, ingressBurst: 8 }),
  refuses('a burst beyond 32 bits', { ingressRate: 8000, ingressBurst: 68_719_476_736 }), refuses('a rate as a string', { ingressRate: '8000', ingressBurst: 8000 }), offered('zeros', { ingressRate: 0, ingressBurst: 0, egressRate: 0, egressBurst: 0 }),
  keyed('null keys', { ingressRate: null, egressRate: null }),
  { name: 'bandwidth: CHECK when the qdisc is another', differs: ['check-covers'], steps: [{ verb: 'ADD', list: list(IN) }, { shell: 'for l in $(ls /proc/sys/net/ipv4/conf | grep veth); do tc qdisc del dev $l root; done' }, { verb: 'CHECK', list: list(IN) }, { verb: 'DEL', list: list(IN) }] },
  ...VERSIONS.slice(2).map((version): Case => ({ name: `chain: bridge, portmap, bandwidth at ${version}`, differs: ['one-redirect', ...(version === '1.1.0' ? ['mtu'] : [])], steps: life(at(version, chain('192.0.2.0/24', '2001:db8::/64')), { offers: OFFERS }) })),
  { name: 'chain: the namespace is gone before DEL', differs: ['one-redirect', 'no-netns'], steps: [{ verb: 'ADD', list: chain('192.0.2.0/24'), offers: OFFERS }, { shell: 'ip netns delete c1; until [ -z "$(ls /proc/sys/net/ipv4/conf | grep veth)" ]; do :; done' }, { verb: 'DEL', list: chain('192.0.2.0/24'), offers: OFFERS }] },
  {
    name: 'chain: an error in the middle, and the DEL of the runtime, until one succeeds', differs: ['del-bad-config'],
    steps: [
      { verb: 'ADD', list: chain('192.0.2.0/24'), offers: { ...OFFERS, portMappings: [{ hostPort: 0, containerPort: 80 }] } },
      { verb: 'DEL', list: chain('192.0.2.0/24'), offers: { ...OFFERS, portMappings: [{ hostPort: 0, containerPort: 80 }] }, later: true },
      { verb: 'DEL', list: chain('192.0.2.0/24') },
    ],
  },
];
