// Tuning behind a bridge: every attribute, where it may come from, the allow-list, and giving back.
// SPDX-License-Identifier: Apache-2.0

import { at, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List, type Target } from '../case.ts';

const bridge = { type: 'bridge', bridge: 'br1', isGateway: true, ipam: hostLocal('192.0.2.0/24') };
const list = (keys: Json): List => listOf(bridge, { type: 'tuning', ...keys });
/** With one of these the interface's attributes are saved, in a folder. */
const saves = (keys: Json): string[] => (keys['promisc'] === true || ['mac', 'mtu', 'allmulti', 'txQLen', 'args'].some((key) => key in keys) ? ['tuning-folder'] : []);
const lives = (what: string, keys: Json, target?: Target): Case => ({ name: `tuning: ${what}`, steps: life(list(keys), target), differs: saves(keys) });
const after = (what: string, keys: Json, shell: string, ...differs: string[]): Case => ({ differs: [...saves(keys), ...differs], name: `tuning: CHECK when ${what}`, steps: [{ verb: 'ADD', list: list(keys) }, { shell }, { verb: 'CHECK', list: list(keys) }, { verb: 'DEL', list: list(keys) }] });
const MAC = '02:00:00:00:00:0a';
const ALL = { mac: MAC, mtu: 1300, promisc: true, allmulti: true, txQLen: 500, sysctl: { 'net.ipv4.conf.IFNAME.log_martians': '1' } };
const allow = (...lines: string[]): { shell: string } => ({ shell: `mkdir -p /etc/cni/tuning && printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} > /etc/cni/tuning/allowlist.conf` });
const SYSCTLS = { 'net.core.somaxconn': '500', 'net.ipv4.conf.IFNAME.arp_filter': '1' };
const ELSEWHERE = { mtu: 1300, dataDir: '/run/cni/elsewhere' };
const mount = (options: string): { shell: string } => ({ shell: `mkdir -p /run/cni/elsewhere && mount -t tmpfs -o ${options} tmpfs /run/cni/elsewhere` });

export const tuningCases: Case[] = [
  ...VERSIONS.map((version): Case => ({ name: `tuning: everything at ${version}`, steps: life(at(version, list(ALL))), differs: ['tuning-folder', ...(version === '1.1.0' ? ['mtu'] : [])] })),
  lives('nothing', {}), lives('mtu', { mtu: 1300 }), lives('mac', { mac: MAC }), lives('promisc', { promisc: true }), lives('promisc off', { promisc: false }), lives('allmulti', { allmulti: true }), lives('allmulti off', { allmulti: false }), lives('txQLen', { txQLen: 7 }),
  lives('sysctls of the namespace and of the interface', { sysctl: SYSCTLS }), lives('sysctls written with slashes', { sysctl: { 'net/ipv4/conf/IFNAME/arp_filter': '1' } }),
  lives('a folder of its own', { mtu: 1300, dataDir: '/run/cni/elsewhere' }),
  lives('the MAC of the runtime', { capabilities: { mac: true }, mac: MAC }, { offers: { mac: '02:00:00:00:00:0b' } }),
  lives('the MAC of CNI_ARGS', { mac: MAC }, { args: 'MAC=02:00:00:00:00:0c;IgnoreUnknown=1' }),
  lives('args.cni win', { ...ALL, args: { cni: { mac: '02:00:00:00:00:0d', mtu: 1200, promisc: false, allmulti: false, txQLen: 9, sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' } } } }),
  { name: 'tuning: allowed by the list', steps: [allow('^net.core.somaxconn$', 'arp_filter'), ...life(list({ sysctl: SYSCTLS }))] },
  { name: 'tuning: DEL after the namespace is gone', steps: [{ verb: 'ADD', list: list(ALL) }, { shell: 'ip netns delete c1; until [ -z "$(ls /proc/sys/net/ipv4/conf | grep veth)" ]; do :; done' }, { verb: 'DEL', list: list(ALL) }], differs: ['tuning-folder', 'tuning-file'] },
  { name: 'tuning: two interfaces of a container', steps: [...life(list({ mtu: 1300 })).slice(0, 1), ...life(list({ mtu: 1200 }), { ifname: 'eth1' }), { verb: 'DEL', list: list({ mtu: 1300 }) }], differs: ['tuning-folder'] },
  { name: 'tuning: STATUS and GC', steps: [{ verb: 'STATUS', list: at('1.1.0', list({ mtu: 1300 })) }, { verb: 'GC', list: at('1.1.0', list({ mtu: 1300 })) }], differs: ['status-folder'] },
  { name: 'tuning: the folder cannot be written any more', steps: [mount('rw'), { verb: 'ADD', list: list(ELSEWHERE) }, mount('remount,ro'), { verb: 'DEL', list: list(ELSEWHERE) }, { verb: 'DEL', list: list(ELSEWHERE), netns: '', forget: true }] },
  after('the mtu is another', { mtu: 1300 }, 'ip -n c1 link set eth0 mtu 1299'), after('the MAC is another', { mac: MAC }, 'ip -n c1 link set eth0 address 02:00:00:00:00:99'),
  after('promisc is off', { promisc: true }, 'ip -n c1 link set eth0 promisc off'), after('a sysctl is another', { sysctl: SYSCTLS }, 'ip netns exec c1 sysctl -q -w net.core.somaxconn=99'), after('the interface is gone', { mtu: 1300 }, 'ip -n c1 link del eth0', 'tuning-file'),
];

const LONG = 'c'.repeat(250);
const refuses = (what: string, keys: Json, differs: string[] = [], ...before: { shell: string }[]): Case => ({ name: `tuning: refuses ${what}`, differs, steps: [...before, { verb: 'ADD', list: list(keys), later: true }, { verb: 'DEL', list: list(keys), later: true }, { verb: 'DEL', list: listOf(bridge) }] });

export const tuningErrors: Case[] = [
  { name: 'tuning: refuses a call outside of a chain', steps: [{ verb: 'ADD', list: listOf({ type: 'tuning', mtu: 1300 }) }] },
  refuses('a sysctl outside of net', { sysctl: { 'kernel.hostname': 'x' } }), refuses('a sysctl with too many dots', { sysctl: { '..kernel.hostname': 'x' } }), refuses('a sysctl that climbs', { sysctl: { 'net/../kernel/hostname': 'x' } }), refuses('a sysctl that is not there', { sysctl: { 'net.ipv4.nothing': '1' } }),
  refuses('a value the kernel does not take', { sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': 'x' } }), refuses('what the list does not allow', { sysctl: SYSCTLS }, [], allow('^net.core.')),
  refuses('a MAC that is none', { mac: 'zz' }, ['tuning-folder']), refuses('an mtu the kernel does not take', { mtu: 10 }, ['tuning-folder', 'kernel-words']),
  refuses('a folder that cannot be written', ELSEWHERE, ['file-words'], mount('ro')), refuses('a folder in the place of its file', ELSEWHERE, ['file-words'], { shell: 'mkdir -p /run/cni/elsewhere/c1_eth0.json' }),
  { name: 'tuning: refuses a container whose id is too long for a file', differs: ['file-words', 'tuning-folder'], steps: [...(['ADD', 'DEL'] as const).map((verb) => ({ verb, list: list({ mtu: 1300 }), containerId: LONG, later: true })), { verb: 'DEL', list: listOf(bridge), containerId: LONG }] },
  refuses('sysctls that are no object', { sysctl: [] }, ['del-bad-config']), refuses('an mtu as a string', { mtu: '1300' }, ['del-bad-config']),
];
