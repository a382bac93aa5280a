// The network of the tests with containerd: one node's usual conflist, as plugins of their own and as one chain in one process.
// SPDX-License-Identifier: Apache-2.0

import type { PodOptions } from './cri.ts';

const range = (subnet: string): object[] => [{ subnet }];

export const PLUGINS = [
  {
    type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, hairpinMode: true,
    ipam: { type: 'host-local', ranges: [range('192.0.2.0/24'), range('2001:db8::/64')], routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] },
  },
  { type: 'portmap', capabilities: { portMappings: true } },
  { type: 'firewall' },
  { type: 'bandwidth', capabilities: { bandwidth: true } },
  { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' } },
];

export const CHAINS = {
  'five executions': { cniVersion: '1.0.0', name: 'blue', plugins: PLUGINS },
  'one process': {
    cniVersion: '1.0.0', name: 'blue',
    plugins: [{ type: 'cni-wasm', capabilities: { portMappings: true, bandwidth: true }, plugins: PLUGINS.map(({ type, ...rest }) => ({ type, ...rest })) }],
  },
};

/** A pod that needs every plugin of the chain. */
export const FULL: PodOptions = {
  ports: [{ container_port: 80, host_port: 8080 }, { container_port: 53, host_port: 5353, protocol: 'UDP' }],
  annotations: { 'kubernetes.io/ingress-bandwidth': '10M', 'kubernetes.io/egress-bandwidth': '20M' },
};
