// What is swept: every plugin by itself and in the whole chain, each with both backends where it has them.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { blueChain } from '../support/fake-host.ts';

export type PluginConf = Record<string, unknown>;

export interface Scene {
  /** what ran before, in processes of their own */
  earlier: PluginConf[];
  plugins: PluginConf[];
  firewalld?: boolean;
  /** files in the folder of the leases that are nobody's there, so many that an index of them is kept */
  files?: number;
  /** what it makes goes with the container, and GC does not end one */
  outlivesGc?: boolean;
}

const ipam = { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] };
const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, ipam };
const guarded = { ...bridge, isDefaultGateway: true, ipMasq: true, macspoofchk: true, bridgeNfCallIptables: true, hairpinMode: true };

/** `root` is the node's folder: tuning keeps its files there. */
export function scenesBelow(root: string): Record<string, Scene> {
  const [, portmap, bandwidth] = blueChain('nftables');
  const tuning = {
    type: 'tuning', dataDir: join(root, 'tuning-data'), mac: '02:00:00:00:00:99', mtu: 1400, promisc: true, allmulti: true, txQLen: 77,
    sysctl: { 'net.ipv4.conf.IFNAME.arp_accept': '1', 'net.core.somaxconn': '99' },
  };
  const firewall = (backend: string): PluginConf => ({ type: 'firewall', backend, ingressPolicy: 'isolated' });
  const chained = (plugin: PluginConf): Scene => ({ earlier: [bridge], plugins: [plugin] });
  return {
    'bridge, a VLAN, nftables': { earlier: [], plugins: [{ ...guarded, vlan: 100, ipMasqBackend: 'nftables' }] },
    'bridge, a trunk, iptables': { earlier: [], plugins: [{ ...guarded, vlanTrunk: [{ minID: 5, maxID: 9 }, { id: 20 }], mtu: 1400, portIsolation: true, ipMasqBackend: 'iptables' }] },
    'host-local': { earlier: [], plugins: [{ type: 'host-local', ipam }] },
    'host-local, among many': { earlier: [], plugins: [{ type: 'host-local', ipam }], files: 20 },
    static: { earlier: [], plugins: [{ type: 'static', ipam: { type: 'static', addresses: [{ address: '192.0.2.5/24' }, { address: '2001:db8::5/64' }] } }] },
    loopback: { earlier: [], plugins: [{ type: 'loopback' }], outlivesGc: true },
    'portmap, nftables': chained({ ...portmap, backend: 'nftables' }),
    'portmap, iptables': chained({ ...portmap, backend: 'iptables' }),
    bandwidth: chained(bandwidth!),
    tuning: chained(tuning),
    'firewall, iptables': chained(firewall('iptables')),
    'firewall, nftables': chained(firewall('nftables')),
    'firewall, firewalld': { ...chained(firewall('firewalld')), firewalld: true },
    'the chain, nftables': { earlier: [], plugins: [...blueChain('nftables'), tuning, firewall('nftables')] },
    'the chain, iptables': { earlier: [], plugins: [...blueChain('iptables'), tuning, firewall('iptables')] },
  };
}
