// Whole chains as runtimes run them, with every plugin, and the verbs that look at a whole network.
// SPDX-License-Identifier: Apache-2.0

import { at, atLeast, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List } from '../case.ts';

const V4 = '192.0.2.0/24';
const V6 = '2001:db8::/64';
const OFFERS = {
  portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }],
  bandwidth: { ingressRate: 1_000_000, ingressBurst: 200_000, egressRate: 2_000_000, egressBurst: 400_000 },
};
const bridge = (backend: string, subnets: string[]): Json => ({ type: 'bridge', bridge: 'br1', isDefaultGateway: true, ipMasq: true, ipMasqBackend: backend, hairpinMode: true, ipam: hostLocal(...subnets) });
const portmap = (backend: string): Json => ({ type: 'portmap', backend, capabilities: { portMappings: true } });
const bandwidth = { type: 'bandwidth', capabilities: { bandwidth: true } };
const firewall = { type: 'firewall', backend: 'iptables' };
const tuning = { type: 'tuning', mtu: 1400, sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' } };
const everything = (backend: string, ...subnets: string[]): List => listOf(bridge(backend, subnets), portmap(backend), firewall, tuning, bandwidth);
const rows = (backend: string, version = '1.0.0'): string[] => ['one-redirect', 'tuning-folder', ...(backend === 'nftables' ? ['nft-masq-del'] : []), ...(version === '1.1.0' ? ['mtu'] : [])];

/** What podman, nerdctl and clusters have in /etc/cni/net.d. */
const podman = listOf(bridge('iptables', [V4]), { type: 'portmap', capabilities: { portMappings: true } }, { type: 'firewall' }, { type: 'tuning' });
const nerdctl = listOf(bridge('iptables', [V4]), { type: 'portmap', capabilities: { portMappings: true } }, { type: 'firewall', ingressPolicy: 'same-bridge' }, { type: 'tuning' });
const cluster = listOf(bridge('iptables', [V4, V6]), { type: 'portmap', snat: true, capabilities: { portMappings: true } }, bandwidth);
const listed = (list: List, attachments: unknown): List => ({ ...at('1.1.0', list), plugins: list.plugins.map((plugin) => ({ ...plugin, 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments })) });

export const chainCases: Case[] = [
  ...['iptables', 'nftables'].flatMap((backend) => VERSIONS.filter((version) => atLeast(version, '0.4.0')).map((version): Case => ({
    name: `chain: every plugin, ${backend}, at ${version}`, steps: life(at(version, everything(backend, V4, V6)), { offers: OFFERS }), differs: rows(backend, version),
  }))),
  ...['iptables', 'nftables'].flatMap((backend) => [[V4], [V6]].map((subnets): Case => ({
    name: `chain: every plugin, ${backend}, ${subnets[0] === V4 ? 'IPv4' : 'IPv6'}`, steps: life(everything(backend, ...subnets), { offers: OFFERS }), differs: rows(backend),
  }))),
  { name: "chain: podman's", steps: life(at('0.4.0', podman), { offers: OFFERS }) },
  { name: "chain: nerdctl's", steps: life(nerdctl, { offers: OFFERS }) },
  { name: "chain: a cluster's, dual stack", steps: life(at('0.3.1', cluster), { offers: OFFERS }), differs: ['one-redirect'] },
  { name: "chain: a cluster's, nothing offered", steps: life(cluster) },
  { name: 'chain: two containers come and go', steps: [...life(cluster, { offers: OFFERS }).slice(0, 1), { shell: 'ip netns add c2' }, ...life(cluster, { containerId: 'c2', netns: '/run/netns/c2', offers: { ...OFFERS, portMappings: [{ hostPort: 9090, containerPort: 80, protocol: 'tcp' }] } }), { verb: 'DEL', list: cluster, offers: OFFERS }], differs: ['one-redirect'] },
  { name: 'chain: two networks of one container', steps: [...life(nerdctl, { offers: OFFERS }).slice(0, 1), ...life({ ...listOf({ ...bridge('iptables', ['198.51.100.0/24']), bridge: 'br2', isDefaultGateway: false, isGateway: true }, { type: 'firewall', ingressPolicy: 'same-bridge' }), name: 'green' }, { ifname: 'eth1' }), { verb: 'DEL', list: nerdctl, offers: OFFERS }] },
  { name: 'chain: a restart of the node between ADD and DEL', steps: [{ verb: 'ADD', list: cluster, offers: OFFERS }, { shell: 'ip netns delete c1; until [ -z "$(ls /proc/sys/net/ipv4/conf | grep veth)" ]; do :; done; ip link del br1; iptables -t nat -F; iptables -t nat -X; ip6tables -t nat -F; ip6tables -t nat -X; ip -o link | sed -n "s/.*: \\(bwp[^:@]*\\).*/\\1/p" | xargs -rn1 ip link del' }, { verb: 'DEL', list: cluster, offers: OFFERS }], differs: ['one-redirect'] },
  { name: 'chain: STATUS', steps: [{ verb: 'STATUS', list: at('1.1.0', everything('iptables', V4, V6)) }], differs: ['status-folder'] },
  { name: 'chain: GC of a listed attachment takes nothing', steps: [{ verb: 'ADD', list: at('1.1.0', cluster), offers: OFFERS }, { verb: 'GC', list: listed(cluster, [{ containerID: 'c1', ifname: 'eth0' }]) }, { verb: 'DEL', list: at('1.1.0', cluster), offers: OFFERS }], differs: ['one-redirect', 'mtu'] },
  { name: 'chain: GC of nothing listed, then DEL', steps: [{ verb: 'ADD', list: at('1.1.0', cluster), offers: OFFERS }, { verb: 'GC', list: listed(cluster, []), later: true }, { verb: 'DEL', list: at('1.1.0', cluster), offers: OFFERS }], differs: ['one-redirect', 'mtu'] },
];
