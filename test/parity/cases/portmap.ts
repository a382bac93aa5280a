// Port mappings behind a bridge: protocols, both families, both backends, and every key.
// SPDX-License-Identifier: Apache-2.0

import { at, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List } from '../case.ts';

const V4 = '192.0.2.0/24';
const V6 = '2001:db8::/64';
const FAMILIES = { IPv4: [V4], IPv6: [V6], both: [V4, V6] };
const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };
const bridge = { type: 'bridge', bridge: 'br1', isGateway: true, ipam: hostLocal(V4) };
const list = (keys: Json = {}, ...subnets: string[]): List => listOf({ ...bridge, ipam: hostLocal(...(subnets.length > 0 ? subnets : [V4])) }, { ...PORTMAP, ...keys });
const OTHER = { type: 'static', addresses: [{ address: '192.0.2.9/24' }] };
const map = (hostPort: number, protocol = 'tcp', more: Json = {}): Json => ({ hostPort, containerPort: 80, protocol, ...more });
const lives = (what: string, portMappings: unknown, keys: Json = {}, ...subnets: string[]): Case => ({ name: `portmap: ${what}`, steps: life(list(keys, ...subnets), { offers: { portMappings } }) });
const MANY = [map(8080), map(5353, 'udp'), map(3868, 'sctp')];

export const portmapProducts: Case[] = ['iptables', 'nftables'].flatMap((backend) => Object.entries(FAMILIES).flatMap(([families, subnets]) => [
  ...[{}, { snat: false }, { masqAll: true }].map((keys) => ({
    ...lives(`${backend}, ${families}, ${JSON.stringify(keys)}`, MANY, { backend, ...keys }, ...subnets), differs: backend === 'nftables' && 'masqAll' in keys ? ['masq-all'] : [],
  })),
  lives(`${backend}, ${families}, host addresses of both families`, [map(8080, 'tcp', { hostIP: '198.51.100.1' }), map(8081, 'tcp', { hostIP: '2001:db8:9::1' }), map(8082, 'tcp', { hostIP: '0.0.0.0' }), map(8083, 'tcp', { hostIP: '::' })], { backend }, ...subnets),
]));

export const portmapKeys: Case[] = [
  ...VERSIONS.map((version): Case => ({ name: `portmap: a life at ${version}`, differs: version === '1.1.0' ? ['mtu'] : [], steps: life(at(version, list({}, V4, V6)), { offers: { portMappings: MANY } }) })),
  lives('no mappings', []), { name: 'portmap: none offered', steps: life(list()) },
  lives('twenty ports', Array.from({ length: 20 }, (_, i) => map(8000 + i))), lives('twenty ports of two protocols by turns', Array.from({ length: 20 }, (_, i) => map(8000 + i, i % 2 ? 'udp' : 'tcp'))),
  lives('two ports to one', [map(8080), map(8081)]), { ...lives('the same mapping twice', [map(8080), map(8080)]), differs: ['port-once'] },
  lives('another mark', MANY, { markMasqBit: 5 }), lives('mark 31', MANY, { markMasqBit: 31 }), lives('mark 0', MANY, { markMasqBit: 0 }),
  { name: 'portmap: the mark chain of somebody else', steps: [{ shell: 'iptables -t nat -N KUBE-MARK-MASQ' }, ...life(list({ externalSetMarkChain: 'KUBE-MARK-MASQ' }), { offers: { portMappings: MANY } })] },
  lives('capitalised keys as containerd sends them', [{ HostPort: 8080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' }]),
  lives('a protocol in capitals', [map(8080, 'TCP')]),
  { name: 'portmap: two containers', steps: [...life(list(), { offers: { portMappings: MANY } }).slice(0, 1), { shell: 'ip netns add c2' }, ...life(list(), { containerId: 'c2', netns: '/run/netns/c2', offers: { portMappings: [map(9090)] } }), { verb: 'DEL', list: list(), offers: { portMappings: MANY } }] },
  { name: 'portmap: CHECK when a rule is gone', differs: ['rule-words'], steps: [...life(list(), { offers: { portMappings: MANY } }).slice(0, 1), { shell: 'iptables -t nat -F CNI-HOSTPORT-DNAT' }, ...life(list(), { offers: { portMappings: MANY } }).slice(1)] },
  { name: 'portmap: CHECK when every chain is gone', steps: [...life(list(), { offers: { portMappings: MANY } }).slice(0, 1), { shell: 'iptables -t nat -F; iptables -t nat -X' }, ...life(list(), { offers: { portMappings: MANY } }).slice(1)] },
  { name: 'portmap: behind the second bridge of a subnet', differs: ['bridge-of-others'], steps: [{ verb: 'ADD', list: listOf(bridge) }, ...life({ ...listOf({ ...bridge, bridge: 'br2', ipam: OTHER }, PORTMAP), name: 'green' }, { ifname: 'eth1', offers: { portMappings: MANY } }), { verb: 'DEL', list: listOf(bridge) }] },
];

const IPTABLES = { conditionsV4: ['!', '-s', '198.51.100.0/24'], conditionsV6: ['!', '-s', '2001:db8:9::/64'] };
const NFTABLES = { conditionsV4: ['ip', 'saddr', '!=', '198.51.100.0/24'], conditionsV6: ['ip6', 'saddr', '!=', '2001:db8:9::/64'] };

/** Every key beside every other that has to do with where packets come from. */
export const portmapConditions: Case[] = [
  ...[[V4], [V6], [V4, V6]].flatMap((subnets) => [
    lives(`conditions of iptables, ${subnets.join(' and ')}`, MANY, { backend: 'iptables', ...IPTABLES }, ...subnets),
    { ...lives(`conditions of nftables, ${subnets.join(' and ')}`, MANY, { backend: 'nftables', ...NFTABLES }, ...subnets), differs: ['nft-conditions'] },
  ]),
  lives('conditions without a backend', MANY, IPTABLES), lives('empty conditions', MANY, { conditionsV4: [], conditionsV6: [] }), lives('conditions of the other family', MANY, { conditionsV6: IPTABLES.conditionsV6 }),
  ...[{ masqAll: true, markMasqBit: 7 }, { snat: false, markMasqBit: 7 }, { snat: false, masqAll: true }, { masqAll: true, ...IPTABLES }].map((keys) => lives(`iptables, both, ${JSON.stringify(keys)}`, MANY, { backend: 'iptables', ...keys }, V4, V6)),
  lives('nftables, both, a mark', MANY, { backend: 'nftables', markMasqBit: 7 }, V4, V6),
  { name: 'portmap: the mark chain of somebody else, with a name that nft does not take', steps: [{ shell: 'iptables -t nat -N 1M:+' }, ...life(list({ externalSetMarkChain: '1M:+' }), { offers: { portMappings: MANY } })] },
  { name: 'portmap: the mark chain of somebody else, both, masqAll', steps: [{ shell: 'iptables -t nat -N KUBE-MARK-MASQ; ip6tables -t nat -N KUBE-MARK-MASQ' }, ...life(list({ externalSetMarkChain: 'KUBE-MARK-MASQ', masqAll: true }, V4, V6), { offers: { portMappings: MANY } })] },
  { name: 'portmap: a mark chain that is not there, snat off', steps: life(list({ externalSetMarkChain: 'KUBE-MARK-MASQ', snat: false }), { offers: { portMappings: MANY } }) },
  ...VERSIONS.slice(0, -1).map((version): Case => ({ name: `portmap: nftables at ${version}`, steps: life(at(version, list({ backend: 'nftables' }, V4, V6)), { offers: { portMappings: MANY } }) })),
];

/** DEL with what ADD refused succeeds and does nothing; the runtime's goes on to the bridge. */
const refuses = (what: string, portMappings: unknown, keys: Json = {}): Case => {
  const { cniVersion, name, plugins: [bridge, portmap] } = list(keys);
  const only = (plugin: Json): List => ({ cniVersion, name, plugins: [plugin] });
  const offers = { portMappings };
  return {
    name: `portmap: refuses ${what}`, differs: ['del-bad-config'],
    steps: [{ verb: 'ADD', list: list(keys), offers }, { verb: 'DEL', list: only(portmap!), offers }, { verb: 'DEL', list: only(bridge!) }],
  };
};

export const portmapErrors: Case[] = [
  refuses('port 0', [map(0)]), refuses('a negative port', [map(-1)]), refuses('container port 0', [{ hostPort: 80, containerPort: 0, protocol: 'tcp' }]),
  refuses('a backend that is none', [map(80)], { backend: 'ebtables' }), refuses('bit 32', [map(80)], { markMasqBit: 32 }), refuses('bit -1', [map(80)], { markMasqBit: -1 }), refuses('both kinds of mark', [map(80)], { markMasqBit: 3, externalSetMarkChain: 'X' }),
  refuses('conditions of nftables with iptables', [map(80)], { backend: 'iptables', ...NFTABLES }), refuses('conditions of iptables with nftables', [map(80)], { backend: 'nftables', ...IPTABLES }), refuses("somebody else's mark chain with nftables", [map(80)], { backend: 'nftables', externalSetMarkChain: 'KUBE-MARK-MASQ' }), refuses('conditions that are no list', [map(80)], { conditionsV4: 'x' }),
  refuses('a port as a string', [{ hostPort: '80', containerPort: 80, protocol: 'tcp' }]), refuses('mappings that are no list', { hostPort: 80 }), refuses('snat as a string', [map(80)], { snat: 'no' }),
];
