// host-local by itself, as foreign main plugins execute it: ranges, requests, what it refuses, what lies on disk.
// SPDX-License-Identifier: Apache-2.0

import { at, life, listOf, VERSIONS, type Case, type Json, type List, type Target } from '../case.ts';

const V4 = '192.0.2.0/24';
const V6 = '2001:db8::/64';
/** Executed by its own name; what a main plugin's configuration has besides `ipam` is there too. */
const list = (ipam: Json, keys: Json = {}): List => listOf({ type: 'host-local', ipam: { type: 'host-local', ...ipam }, ...keys });
const range = (keys: Json): List => list({ ranges: [[keys]] });
const lives = (what: string, of: List, target?: Target): Case => ({ name: `host-local: ${what}`, steps: life(of, target) });
const adds = (of: List, ...ids: string[]): Case['steps'] => ids.map((containerId) => ({ verb: 'ADD', list: of, containerId }));

export const hostLocalCases: Case[] = [
  ...VERSIONS.flatMap((version) => [lives(`both families at ${version}`, at(version, list({ ranges: [[{ subnet: V4 }], [{ subnet: V6 }]], routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: '2001:db8::9' }] })))]),
  lives('the legacy form', list({ subnet: V4, rangeStart: '192.0.2.10', rangeEnd: '192.0.2.20', gateway: '192.0.2.9' })),
  lives('the legacy form before ranges', list({ subnet: V4, ranges: [[{ subnet: V6 }]] })),
  lives('start and end', range({ subnet: V4, rangeStart: '192.0.2.100', rangeEnd: '192.0.2.101' })),
  lives('a gateway inside is not handed out', range({ subnet: '192.0.2.0/29', gateway: '192.0.2.2', rangeStart: '192.0.2.2' })),
  lives('a gateway outside the subnet', range({ subnet: V4, gateway: '198.51.100.1' })),
  lives('two ranges of one set', list({ ranges: [[{ subnet: '192.0.2.0/30' }, { subnet: '198.51.100.0/24' }]] })),
  lives('three sets', list({ ranges: [[{ subnet: V4 }], [{ subnet: '198.51.100.0/24' }], [{ subnet: V6 }]] })),
  lives('addresses are written as Go writes them', range({ subnet: '2001:0DB8:0:0::/64', rangeStart: '2001:db8::00AB' })),
  lives('an IPv4-mapped address', range({ subnet: V4, rangeStart: '::ffff:192.0.2.50' })),
  lives('ipRanges come first', list({ subnet: V4 }, { capabilities: { ipRanges: true } }), { offers: { ipRanges: [[{ subnet: '198.51.100.0/24' }]] } }),
  lives('the capability ips', list({ subnet: V4 }, { capabilities: { ips: true } }), { offers: { ips: ['192.0.2.77/24'] } }),
  lives('args ask for an address', list({ subnet: V4 }, { args: { cni: { ips: ['192.0.2.78'] } } })),
  lives('CNI_ARGS ask for an address', list({ subnet: V4 }), { args: 'IP=192.0.2.79' }),
  lives('CNI_ARGS ask with a prefix', list({ subnet: V4 }), { args: 'IP=192.0.2.79/16;IgnoreUnknown=1;K8S_POD_NAME=p1' }),
  lives('asking for both families in two ways', list({ ranges: [[{ subnet: V4 }], [{ subnet: V6 }]] }, { args: { cni: { ips: ['192.0.2.78'] } } }), { args: 'IP=2001:db8::78' }),
  lives('asking for an address outside', list({ subnet: V4 }), { args: 'IP=203.0.113.1' }),
  lives('asking for the gateway', list({ subnet: V4 }), { args: 'IP=192.0.2.1' }),
  lives('asking for what is no address', list({ subnet: V4 }), { args: 'IP=192.0.2' }),
  lives('asking in args for what is no address', list({ subnet: V4 }, { args: { cni: { ips: ['x'] } } })),
  lives('asking for an address with too long a prefix', list({ subnet: V4 }), { args: 'IP=192.0.2.5/64' }),
  { name: 'host-local: a resolv.conf', steps: [{ shell: 'mkdir -p /run/leases; printf "# c\\nnameserver 192.0.2.53\\nnameserver 2001:db8::53\\ndomain example.org\\nsearch a.example.org b.example.org\\noptions ndots:2 edns0\\n; d\\nnameserver\\n" > /run/leases/resolv.conf' }, ...life(list({ subnet: V4, resolvConf: '/run/leases/resolv.conf' }))] },
  lives('a resolv.conf that is not there', list({ subnet: V4, resolvConf: '/run/leases/none' })),
  lives('a folder of its own', list({ subnet: V4, dataDir: '/run/leases/deep/er' })),
  { name: 'host-local: the same container twice', steps: [...adds(list({ subnet: V4 }), 'c1', 'c1'), { verb: 'DEL', list: list({ subnet: V4 }) }], differs: ['details'] },
  { name: 'host-local: a second interface of the same container', steps: [...adds(list({ subnet: V4 }), 'c1'), ...life(list({ subnet: V4 }), { ifname: 'net1' })] },
  { name: 'host-local: the pool is exhausted, then has room again', steps: [...adds(list({ subnet: '192.0.2.0/29' }), 'a', 'b', 'c', 'd', 'e', 'f'), { verb: 'DEL', list: list({ subnet: '192.0.2.0/29' }), containerId: 'c' }, ...adds(list({ subnet: '192.0.2.0/29' }), 'g')], differs: ['details'] },
  { name: 'host-local: exhaustion of two ranges', steps: adds(list({ ranges: [[{ subnet: '192.0.2.0/30' }, { subnet: '198.51.100.0/30' }]] }), 'a', 'b', 'c'), differs: ['details'] },
  { name: 'host-local: the second set exhausted gives the first address back', steps: adds(list({ ranges: [[{ subnet: V4 }], [{ subnet: '198.51.100.0/30' }]] }), 'a', 'b') },
  { name: 'host-local: round robin goes on after the last, freed ones wait', steps: [...adds(list({ subnet: V4 }), 'a', 'b'), { verb: 'DEL', list: list({ subnet: V4 }), containerId: 'a' }, ...adds(list({ subnet: V4 }), 'c')] },
  { name: 'host-local: an address asked for twice', steps: [...life(list({ subnet: V4 }), { args: 'IP=192.0.2.79' }).slice(0, 1), { verb: 'ADD', list: list({ subnet: V4 }), containerId: 'c2', args: 'IP=192.0.2.79' }], differs: ['details'] },
  { name: 'host-local: a lease in the old form is found by CHECK and DEL', steps: [{ shell: 'mkdir -p /var/lib/cni/networks/blue; printf c1 > /var/lib/cni/networks/blue/192.0.2.5' }, { verb: 'CHECK', list: list({ subnet: V4 }) }, { verb: 'DEL', list: list({ subnet: V4 }) }] },
  { name: 'host-local: last_reserved_ip out of the range is ignored', steps: [{ shell: 'mkdir -p /var/lib/cni/networks/blue; printf 203.0.113.1 > /var/lib/cni/networks/blue/last_reserved_ip.0' }, ...life(list({ subnet: V4 }))] },
  { name: 'host-local: last_reserved_ip at the end wraps around', steps: [{ shell: 'mkdir -p /var/lib/cni/networks/blue; printf 192.0.2.254 > /var/lib/cni/networks/blue/last_reserved_ip.0' }, ...life(list({ subnet: V4 }))] },
  { name: 'host-local: a folder that cannot be written, where the container has no lease', steps: [{ shell: 'mkdir -p /run/leases && mount -t tmpfs tmpfs /run/leases && mkdir /run/leases/blue && touch /run/leases/blue/lock && mount -o remount,ro /run/leases' }, ...(['CHECK', 'DEL'] as const).map((verb) => ({ verb, list: list({ subnet: V4, dataDir: '/run/leases' }) }))] },
  { name: 'host-local: CHECK of a lease that is gone', steps: [...adds(list({ subnet: V4 }), 'c1'), { shell: 'rm /var/lib/cni/networks/blue/192.0.2.2' }, { verb: 'CHECK', list: list({ subnet: V4 }) }] },
  { name: 'host-local: STATUS and GC without a list', steps: [...adds(list({ subnet: V4 }), 'c1'), { verb: 'STATUS', list: at('1.1.0', list({ subnet: V4 })) }, { verb: 'GC', list: at('1.1.0', list({ subnet: V4 })) }] },
];

const refuses = (what: string, of: List): Case => lives(`refuses ${what}`, of);

export const hostLocalErrors: Case[] = [
  refuses('a configuration without ipam', listOf({ type: 'host-local' })),
  refuses('no ranges', list({})), refuses('an empty list of ranges', list({ ranges: [] })), refuses('an empty set', list({ ranges: [[]] })),
  refuses('host bits', range({ subnet: '192.0.2.5/24' })), refuses('host bits of IPv6', range({ subnet: '2001:db8::5/64' })),
  refuses('/31', range({ subnet: '192.0.2.0/31' })), refuses('/32', range({ subnet: '192.0.2.0/32' })), refuses('/127', range({ subnet: '2001:db8::/127' })),
  refuses('a subnet that is none', range({ subnet: 'x' })), refuses('a subnet without length', range({ subnet: '192.0.2.0' })), refuses('no subnet', range({ rangeStart: '192.0.2.5' })),
  refuses('a start outside', range({ subnet: V4, rangeStart: '198.51.100.1' })), refuses('an end outside', range({ subnet: V4, rangeEnd: '198.51.100.1' })),
  refuses('a start after the end', range({ subnet: V4, rangeStart: '192.0.2.20', rangeEnd: '192.0.2.10' })),
  refuses('a start and an end of two families', range({ subnet: V6, rangeStart: '2001:db8::2', rangeEnd: '192.0.2.20' })), refuses('an end that is a number', list({ subnet: V4, rangeEnd: 7 })),
  refuses('an end before the first address', range({ subnet: V4, rangeEnd: '192.0.2.0' })),
  refuses('a start that is no address', range({ subnet: V4, rangeStart: 'x' })), refuses('a gateway of another family', range({ subnet: V4, gateway: '2001:db8::1' })), refuses('a gateway that is no address', range({ subnet: V4, gateway: '192.0.2' })),
  refuses('two families in one set', list({ ranges: [[{ subnet: V4 }, { subnet: V6 }]] })),
  refuses('overlap in a set', list({ ranges: [[{ subnet: V4 }, { subnet: '192.0.2.128/25' }]] })), refuses('overlap between sets', list({ ranges: [[{ subnet: V4 }], [{ subnet: '192.0.2.128/25' }]] })),
  refuses('two sets of a family at 0.2.0', at('0.2.0', list({ ranges: [[{ subnet: V4 }], [{ subnet: '198.51.100.0/24' }]] }))),
  refuses('ranges that are no list', list({ ranges: { subnet: V4 } })), refuses('a subnet that is a number', list({ subnet: 7 })), refuses('a route without dst', list({ subnet: V4, routes: [{ gw: '192.0.2.1' }] })), refuses('a route with a bad gateway', list({ subnet: V4, routes: [{ dst: '0.0.0.0/0', gw: 'x' }] })),
];
