// Who is compared: one line for each way of running the same chain.
// SPDX-License-Identifier: Apache-2.0

import type { Conflist, PluginConf } from '../../host/cli/run-conflist.ts';

export type Backend = 'iptables-nft' | 'iptables-legacy' | 'nftables';
export const BACKENDS: readonly Backend[] = ['iptables-nft', 'iptables-legacy', 'nftables'];

export interface Mode {
  name: string;
  /** the folder with the executables */
  path: string;
  /** the chain as the runtime sees it: a plugin for each entry, all in one entry, or one program that is no plugin at all */
  shape: 'plugins' | 'one entry' | 'floor';
  backends: readonly Backend[];
  /** by the resident host, which runs meanwhile */
  resident?: true;
}
/** What runs beside the calls. */
export interface Beside { cpuMs(): number; rssMb(): number; stop(): void }

export interface Folders { reference: string; ours: string; floor?: string }

/** The first is what the others are compared with. */
export const modesIn = ({ reference, ours, floor }: Folders): Mode[] => [
  { name: 'reference', path: reference, shape: 'plugins', backends: BACKENDS },
  { name: 'three executions', path: ours, shape: 'plugins', backends: BACKENDS },
  { name: 'one process', path: ours, shape: 'one entry', backends: BACKENDS },
  { name: 'resident', path: ours, shape: 'plugins', backends: BACKENDS, resident: true },
  { name: 'resident one entry', path: ours, shape: 'one entry', backends: BACKENDS, resident: true },
  ...(floor === undefined ? [] : [{ name: 'floor (C)', path: floor, shape: 'floor', backends: ['nftables'] } satisfies Mode]),
];

export const NETWORK = 'bench';
export const BRIDGE = 'cni0';

/** The chain that is measured, as this mode is given it. */
export function chainFor({ shape }: Mode, backend: Backend, dualStack = false): Conflist {
  const filter = backend === 'nftables' ? 'nftables' : 'iptables';
  const ranges = [[{ subnet: '10.1.0.0/16' }], ...(dualStack ? [[{ subnet: '2001:db8:1::/64' }]] : [])];
  const plugins: PluginConf[] = [
    { type: 'bridge', bridge: BRIDGE, isGateway: true, ipMasq: true, ipMasqBackend: filter, ipam: { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] } },
    { type: 'portmap', backend: filter, capabilities: { portMappings: true } },
    { type: 'bandwidth', capabilities: { bandwidth: true } },
  ];
  return { cniVersion: '1.0.0', name: NETWORK, plugins: shape === 'plugins' ? plugins : shape === 'floor' ? [{ type: 'floor', capabilities: { portMappings: true } }] : asOneEntry(plugins) };
}

export const loopbackFor = ({ shape }: Mode): Conflist =>
  ({ cniVersion: '1.0.0', name: 'lo', plugins: shape === 'one entry' ? asOneEntry([{ type: 'loopback' }]) : [{ type: 'loopback' }] });

const asOneEntry = (plugins: PluginConf[]): PluginConf[] => [{ type: 'cni-wasm', plugins, capabilities: { portMappings: true, bandwidth: true } }];
