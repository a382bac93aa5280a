// The chains that a node may be running when its plugins are exchanged, who may run them, and what the older reference gets wrong by itself.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import type { Conflist, PluginConf } from '../../host/cli/run-conflist.ts';
import { BIN, REFERENCE, REFERENCE_191 } from '../support/node.ts';

export type Version = '1.1.1' | '1.9.1';
export type Who = Version | 'ours';
export const FOLDER: Record<Who, string> = { ours: BIN, '1.1.1': REFERENCE, '1.9.1': REFERENCE_191 };
const VERSIONS: readonly Version[] = ['1.1.1', '1.9.1'];
/** The references of this machine. */
export const REFERENCES = VERSIONS.filter((version) => existsSync(`${FOLDER[version]}/bridge`));
export const MISSING = VERSIONS.filter((version) => !REFERENCES.includes(version));

export interface Case {
  /** of the network; blue when absent */
  name?: string;
  plugins: PluginConf[];
  /** This version cannot run the chain at all. */
  lacks?: Partial<Record<Version, string>>;
  /** What this version's CHECK says about an attachment that it made itself a moment ago, by plugin. */
  faults?: Partial<Record<Version, Readonly<Record<string, RegExp>>>>;
}

/**
 * Its DEL of nf_tables rules also deletes an iptables rule that was never made, and takes the answer of iptables 1.8.9 for an error; the work is
 * done by then. (better-than-reference.test.ts shows it.)
 */
export const DEL_FAULTS: Partial<Record<Version, RegExp>> = { '1.9.1': /iptables -t nat -D POSTROUTING .*exit status 2: iptables v1\.8/ };
const NO_NFT = { '1.1.1': 'knows iptables alone' };
/** Its CHECK asks for an exact gateway of default routes, and calls an IPAM plugin that an L2 bridge does not have. */
const ROUTE = /Expected Route .* not found in routing table/;
/** The IPv4 address of a dual-stack container is looked for in the rules for IPv6, too. */
const OTHER_FAMILY = { portmap: /could not check ipv6 dnat/ };
const NO_IPAM = { bridge: /no plugin name provided/ };

const pools = (...subnets: string[]): object => ({ type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) });
const DUAL = pools('192.0.2.0/24', '2001:db8::/64');
const ports = (backend?: string): PluginConf => ({ type: 'portmap', ...(backend ? { backend } : {}), capabilities: { portMappings: true } });
const limits: PluginConf = { type: 'bandwidth', capabilities: { bandwidth: true } };
const bridge = (more: object): PluginConf => ({ type: 'bridge', bridge: 'cni0', isGateway: true, ipam: DUAL, ...more });

export const CASES: Readonly<Record<string, Case>> = {
  'a gateway for both families, masqueraded by iptables': { plugins: [bridge({ isDefaultGateway: true, ipMasq: true, ipMasqBackend: 'iptables', hairpinMode: true })] },
  'masqueraded by nftables': { plugins: [bridge({ ipMasq: true, ipMasqBackend: 'nftables' })], lacks: NO_NFT },
  'smaller packets, promiscuous, a route': {
    plugins: [bridge({ mtu: 1400, promiscMode: true, ipam: { ...pools('192.0.2.0/24'), routes: [{ dst: '203.0.113.0/24' }] } })], faults: { '1.1.1': { bridge: ROUTE } },
  },
  'the longest name of a network': { name: 'n'.repeat(250), plugins: [bridge({ ipMasq: true, ipMasqBackend: 'iptables' })] },
  'no gateway': { plugins: [bridge({ isGateway: false, ipam: pools('192.0.2.0/24') })] },
  'layer 2': { plugins: [bridge({ isGateway: false, ipam: {} })], faults: { '1.1.1': NO_IPAM, '1.9.1': NO_IPAM } },
  'addresses from static': { plugins: [bridge({ ipMasq: true, ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24' }, { address: '2001:db8::7/64' }] } })] },
  'host-local alone': { plugins: [{ type: 'host-local', ipam: DUAL }] },
  'spoof-checked': { plugins: [bridge({ macspoofchk: true })] },
  'firewall, iptables': { plugins: [bridge({}), { type: 'firewall', backend: 'iptables' }] },
  'firewall, one bridge only': { plugins: [bridge({}), { type: 'firewall', backend: 'iptables', ingressPolicy: 'same-bridge' }] },
  'firewall, nobody beside it': { plugins: [bridge({}), { type: 'firewall', backend: 'iptables', ingressPolicy: 'isolated', iptablesAdminChainName: 'BLUE-ADMIN' }], lacks: { '1.1.1': 'knows no such policy' } },
  'firewall, the name of a chain that nft does not take': { plugins: [bridge({}), { type: 'firewall', backend: 'iptables', iptablesAdminChainName: '1:A+B' }] },
  'tuned': { plugins: [bridge({}), { type: 'tuning', mtu: 1300, promisc: true, mac: '02:00:00:00:00:42', sysctl: { 'net.ipv4.conf.IFNAME.log_martians': '1' } }], faults: { '1.1.1': { tuning: /IFNAME\/log_martians: no such file/ } } },
  loopback: { plugins: [{ type: 'loopback' }] },
  'ports by iptables': { plugins: [bridge({}), ports('iptables')], faults: { '1.1.1': OTHER_FAMILY } },
  'ports by iptables, everything masqueraded': { plugins: [bridge({}), { ...ports('iptables'), masqAll: true }], lacks: { '1.1.1': 'knows no masqAll' } },
  'ports by iptables, with conditions and another mark': {
    plugins: [bridge({}), { ...ports('iptables'), conditionsV4: ['-i', 'up0', '!', '-s', '198.51.100.7'], conditionsV6: ['-i', 'up0'], markMasqBit: 10 }], faults: { '1.1.1': OTHER_FAMILY },
  },
  'ports by nftables, not masqueraded': { plugins: [bridge({}), { ...ports('nftables'), snat: false }], lacks: NO_NFT },
  'ports by nftables': { plugins: [bridge({}), ports('nftables')], lacks: NO_NFT },
  'limits': { plugins: [bridge({}), limits] },
  'everything, iptables': { plugins: [bridge({ ipMasq: true }), ports(), limits], faults: { '1.1.1': OTHER_FAMILY } },
  'everything, nftables': { plugins: [bridge({ ipMasq: true, ipMasqBackend: 'nftables' }), ports('nftables'), limits], lacks: NO_NFT },
};

/** The chains that `version` can run. */
export const casesFor = (version: Version): [string, Case][] => Object.entries(CASES).filter(([, { lacks }]) => !lacks?.[version]);

/** Each version with the newest configuration it reads. */
export const listOf = (version: Version, { plugins, name: own = 'blue' }: Pick<Case, 'plugins' | 'name'>, name = own): Conflist =>
  ({ cniVersion: version === '1.1.1' ? '1.0.0' : '1.1.0', name, plugins });
