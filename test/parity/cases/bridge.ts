// Bridge: each key by itself, then products of the keys that meet.
// SPDX-License-Identifier: Apache-2.0

import { at, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List } from '../case.ts';

const V4 = '192.0.2.0/24';
const V6 = '2001:db8::/64';
export const bridge = (keys: Json): List => listOf({ type: 'bridge', bridge: 'br1', ...keys });
const gateway = (keys: Json = {}, ...subnets: string[]): List => bridge({ isGateway: true, ipam: hostLocal(...(subnets.length > 0 ? subnets : [V4])), ...keys });
const fails = (what: string, keys: Json, shell = 'true'): Case => ({ name: `bridge: ${what}`, steps: [{ shell }, ...life(gateway(keys))] });

/** A bridge that is down and has been up: the first time leaves traces that nothing takes away. */
const DOWN = 'ip link add br1 address 02:00:00:00:00:01 type bridge && ip link set br1 up && ip link set br1 down';

export const bridgeVersions: Case[] = VERSIONS.map((version) => ({
  name: `bridge: a default gateway for both families, masqueraded, at ${version}`,
  steps: life(at(version, gateway({ isDefaultGateway: true, ipMasq: true, hairpinMode: true, dns: { nameservers: ['192.0.2.53'], search: ['example.org'] } }, V4, V6))),
}));

/** Every gateway flavour with every family and every masquerading. */
export const bridgeProducts: Case[] = ['no gateway', 'isGateway', 'isDefaultGateway'].flatMap((kind) =>
  [[V4], [V6], [V4, V6]].flatMap((subnets) =>
    ['no masquerading', 'iptables', 'nftables'].map((backend) => ({
      name: `bridge: ${kind}, ${subnets.map((subnet) => (subnet === V4 ? 'IPv4' : 'IPv6')).join(' and ')}, ${backend}`,
      steps: life(bridge({
        ipam: hostLocal(...subnets),
        ...(kind === 'no gateway' ? {} : { [kind]: true }),
        ...(backend === 'no masquerading' ? {} : { ipMasq: true, ipMasqBackend: backend }),
      })),
      ...(backend === 'nftables' ? { differs: ['nft-masq-del'] } : {}),
    }))));

export const bridgeKeys: Case[] = [
  { name: 'bridge: no key at all makes cni0 and needs no IPAM', steps: life(listOf({ type: 'bridge' })), differs: ['l2-check'] },
  { name: 'bridge: layer 2 at 0.2.0 has no result', steps: life(at('0.2.0', bridge({}))), differs: ['rollback'] },
  { name: 'bridge: layer 2 with ipam of no type', steps: life(bridge({ ipam: {} })), differs: ['l2-check'] },
  { name: 'bridge: mtu of bridge and both ends', steps: life(gateway({ mtu: 1400 })) },
  { name: 'bridge: hairpin', steps: life(gateway({ hairpinMode: true })) },
  { name: 'bridge: promiscuous', steps: life(gateway({ promiscMode: true })) },
  { name: 'bridge: isolated ports', steps: life(gateway({ portIsolation: true })) },
  { name: 'bridge: duplicate address detection', steps: life(gateway({ enabledad: true }, V6)) },
  { name: 'bridge: the container interface stays down', steps: life(bridge({ disableContainerInterface: true })), differs: ['l2-check'] },
  { name: 'bridge: dns of the configuration beats that of IPAM', steps: life(gateway({ dns: { nameservers: [] }, ipam: { ...hostLocal(V4), resolvConf: '/etc/hostname' } })) },
  { name: 'bridge: routes of IPAM, with gateway and without, both families', steps: life(gateway({ ipam: { ...hostLocal(V4, V6), routes: [{ dst: '198.51.100.0/24' }, { dst: '203.0.113.0/24', gw: '192.0.2.9' }, { dst: '2001:db8:1::/48' }] } })) },
  { name: 'bridge: routes with metric and scope', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '198.51.100.0/24', priority: 7 }, { dst: '203.0.113.7/32', scope: 0 }] } })) },
  { name: 'bridge: routes that IPAM cannot say at 0.2.0', steps: life(at('0.2.0', gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '198.51.100.0/24', priority: 7 }, { dst: '2001:db8:1::/48', gw: '2001:db8::9' }] } }))) },
  { name: 'bridge: a route in a table of its own', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '203.0.113.0/24', table: 100 }] } })), differs: ['check-table'] },
  { name: 'bridge: a route with mtu and advmss', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '198.51.100.0/24', mtu: 1300, advmss: 1200 }] } })), differs: ['route-mtu'] },
  { name: 'bridge: a route of scope link over a gateway', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '203.0.113.7/32', scope: 253 }] } })), differs: ['rollback', 'kernel-words'] },
  { name: 'bridge: a default route that names an address', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '203.0.113.7/0' }] } })), differs: ['rollback', 'kernel-words'] },
  { name: 'bridge: two routes to one destination', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '198.51.100.0/24', gw: '192.0.2.8' }, { dst: '198.51.100.0/24', gw: '192.0.2.9' }] } })) },
  { name: 'bridge: a default route of IPAM with gateway is not doubled', steps: life(gateway({ isDefaultGateway: true, ipam: { ...hostLocal(V4), routes: [{ dst: '0.0.0.0/0', gw: '192.0.2.8' }] } })) },
  { name: 'bridge: a default route of IPAM without gateway', steps: life(gateway({ ipam: { ...hostLocal(V4), routes: [{ dst: '0.0.0.0/0' }] } })) },
  { name: 'bridge: a gateway of its own', steps: life(gateway({ ipam: { type: 'host-local', ranges: [[{ subnet: V4, gateway: '192.0.2.200' }]] } })) },
  ...['runtimeConfig', 'args', 'CNI_ARGS'].map((where): Case => ({
    name: `bridge: the MAC of ${where}`,
    steps: life(gateway({ capabilities: { mac: true }, ...(where === 'args' ? { args: { cni: { mac: '02:00:00:00:00:0a' } } } : {}) }), {
      ...(where === 'runtimeConfig' ? { offers: { mac: '02:00:00:00:00:0b' } } : {}), ...(where === 'CNI_ARGS' ? { args: 'MAC=02:00:00:00:00:0c;IgnoreUnknown=1;K8S_POD_NAME=p1' } : {}),
    }),
  })),
  { name: 'bridge: the MAC of runtimeConfig beats args and CNI_ARGS', steps: life(gateway({ capabilities: { mac: true }, args: { cni: { mac: '02:00:00:00:00:0a' } } }), { offers: { mac: '02:00:00:00:00:0b' }, args: 'MAC=02:00:00:00:00:0c;IgnoreUnknown=1' }) },
  { name: 'bridge: host-local does not know the MAC of CNI_ARGS', steps: life(gateway(), { args: 'MAC=02:00:00:00:00:0c' }), differs: ['rollback'] },
  { name: 'bridge: forceAddress replaces the other address', steps: [{ shell: 'ip link add br1 type bridge && ip addr add 198.51.100.1/24 dev br1' }, ...life(gateway({ forceAddress: true }))] },
  { name: 'bridge: forceAddress of IPv6 that overlaps', steps: [{ shell: 'ip link add br1 type bridge && ip addr add 2001:db8::99/48 dev br1' }, ...life(gateway({ forceAddress: true }, V6))] },
  { name: 'bridge: IPv6 addresses that do not overlap stay', steps: [{ shell: 'ip link add br1 type bridge && ip addr add 2001:db8:9::99/64 dev br1' }, ...life(gateway({}, V6))] },
  { ...fails('another address on the bridge is an error', {}, `${DOWN} && ip addr add 198.51.100.1/24 dev br1`), differs: ['rollback', 'details'] },
  { ...fails('an overlapping IPv6 address is an error', { ipam: hostLocal(V6) }, `${DOWN} && ip addr add 2001:db8::99/48 dev br1`), differs: ['rollback', 'details'] },
  fails('an existing bridge keeps what it has', { mtu: 1300 }, 'ip link add br1 mtu 1450 type bridge stp_state 1'),
  fails('an existing bridge with our address', {}, 'ip link add br1 type bridge && ip addr add 192.0.2.1/24 dev br1'),
  { ...fails('another kind of link has the name', {}, 'ip link add br1 type veth peer other') },
  { name: 'bridge: the container has the interface already', steps: [{ shell: 'ip -n c1 link add eth0 type veth peer eth1' }, { verb: 'ADD', list: gateway() }], differs: ['rollback', 'peer-name'] },
  { name: 'bridge: DEL takes the interface of the container whoever made it', steps: [{ shell: 'ip -n c1 link add eth0 type veth peer eth1' }, ...life(gateway()).slice(2)] },
  { ...fails('hairpin and promiscuous exclude each other', { hairpinMode: true, promiscMode: true }) },
  { ...fails('disableContainerInterface and IPAM exclude each other', { disableContainerInterface: true }) },
  { ...fails('an unknown masquerading backend', { ipMasq: true, ipMasqBackend: 'ebtables' }), differs: ['rollback', 'nft-masq-del'] },
  { ...fails('a MAC that is none', { args: { cni: { mac: 'zz' } } }), differs: ['rollback'] },
  fails('vlan out of range', { vlan: 4095 }), fails('a negative vlan', { vlan: -1 }),
  ...[{ id: 0 }, { id: 4095 }, { minID: 1 }, { maxID: 5 }, { minID: 9, maxID: 5 }, { minID: 0, maxID: 5 }, { minID: 1, maxID: 4095 }].map((entry) => fails(`vlanTrunk ${JSON.stringify(entry)}`, { vlanTrunk: [entry] })),
  fails('mtu as a string', { mtu: '1500' }), fails('portIsolation as a string', { portIsolation: 'true' }), fails('a fractional mtu', { mtu: 1.5 }), { ...fails('dns as a list', { dns: [] }), differs: ['go-field'] }, fails('null keys are defaults', { mtu: null, bridge: null, hairpinMode: null }),
  { ...fails('an mtu that the kernel refuses', { mtu: 10 }), differs: ['kernel-words'] },
  { name: 'bridge: an IPAM plugin that is not there', steps: life(bridge({ ipam: { type: 'nowhere' } })), differs: ['rollback'] },
  { name: 'bridge: an IPAM plugin with a slash', steps: life(bridge({ ipam: { type: '../host-local' } })), differs: ['rollback'] },
  ...['MAC', 'MAC=02:00:00:00:00:0c;', 'FOO=bar', 'FOO=bar;IgnoreUnknown=true', 'IgnoreUnknown=maybe', 'MAC=a=b'].map((args): Case => ({ name: `bridge: CNI_ARGS ${args}`, steps: life(gateway(), { args }) })),
  { name: 'bridge: two containers behind one bridge', steps: [...life(gateway({ ipMasq: true })).slice(0, 1), { shell: 'ip netns add c2' }, ...life(gateway({ ipMasq: true }), { containerId: 'c2', netns: '/run/netns/c2' }), { verb: 'DEL', list: gateway({ ipMasq: true }) }] },
  { name: 'bridge: STATUS', steps: [{ verb: 'STATUS', list: at('1.1.0', gateway()) }], differs: ['status-folder'] },
  { name: 'bridge: a comment of masquerading longer than iptables keeps', steps: life({ ...gateway({ ipMasq: true }), name: 'n'.repeat(180) }, { containerId: 'c'.repeat(64) }) },
  { name: 'bridge: forceAddress with two IPv4 subnets', steps: life(gateway({ forceAddress: true }, V4, '198.51.100.0/24')) },
  { name: 'bridge: forceAddress of two networks on one bridge', steps: [...life(gateway({ forceAddress: true })).slice(0, 1), { shell: 'ip netns add c2' }, ...life({ ...gateway({ forceAddress: true }, '198.51.100.0/24'), name: 'green' }, { containerId: 'c2', netns: '/run/netns/c2' }).slice(0, 1), ...life(gateway({ forceAddress: true })).slice(1)] },
  { name: 'bridge: a network with a name of 210 letters', steps: life({ ...gateway(), name: 'n'.repeat(210) }) },
  { name: 'bridge: DEL of what was never there', steps: life(gateway({ ipMasq: true })).slice(2) },
  { name: 'bridge: CHECK without prevResult', steps: [{ verb: 'ADD', list: gateway() }, { verb: 'CHECK', list: gateway(), forget: true }] },
  ...([['the container link is gone', 'ip -n c1 link del eth0'], ['the address is gone', 'ip -n c1 addr flush dev eth0'], ['the route is gone', 'ip -n c1 route del default', 'route-words'], ['the bridge is gone', 'ip link del br1'], ['the bridge is promiscuous', 'ip link set br1 promisc on'], ['the bridge has another MAC', 'ip link set br1 address 02:00:00:00:00:99', 'details'], ['the container link is down', 'ip -n c1 link set eth0 down', 'details']] as const)
    .map(([what, shell, ...differs]): Case => ({ differs, name: `bridge: CHECK when ${what}`, steps: [{ verb: 'ADD', list: gateway({ isDefaultGateway: true }) }, { shell }, { verb: 'CHECK', list: gateway({ isDefaultGateway: true }) }, { verb: 'DEL', list: gateway({ isDefaultGateway: true }) }] })),
];
