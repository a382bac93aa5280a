// What a module may do. The same shape is its wish (manifest `wants`), the operator's word (policy `grants`) and their intersection.
// SPDX-License-Identifier: Apache-2.0

import type { ConfigSchema } from './config-schema.ts';
import type { Ns } from '../kernel/kernel.ts';

/**
 * Patterns may hold `*` (any run of characters but `/`), `**` (any run at all) and these, which the host fills in for each call:
 * `{attachment:N}` the first N hex digits of SHA-512(network + containerID), `{containerId}` CNI_CONTAINERID, `{ifname}` CNI_IFNAME,
 * `{config.KEY}` a string or whole number of the network configuration, `{config.KEY|WORD}` the same with a default.
 */
export type Pattern = string;

export interface Grants {
  /** kinds of links it may make, for each namespace */
  link: Partial<Record<Ns, string[]>>;
  /** names of host links made by others that it may find and use */
  hostLinks: Pattern[];
  addr: Ns[];
  route: Ns[];
  rule: Ns[];
  neigh: Ns[];
  tc: Ns[];
  /**
   * "family table", e.g. "inet cni_plugins_masquerade": the table as a whole. Of a table that is shared with others: "family table chain",
   * a chain that is the module's, and "family table chain jump", a base chain it may make and put jumps to its own chains into.
   */
  nft: Pattern[];
  /** table → chains it may own, built-in chains it may put jumps to them into, and others' chains that its own may jump to */
  iptables: Record<string, { chains: Pattern[]; jumpFrom: string[]; jumpTo?: Pattern[] }>;
  /**
   * keys it may write, slash form; `{link}` stands for one of the attachment's or network's own links; with `host:` or `container:` in front
   * only in that namespace. Reads are free below net/.
   */
  sysctl: Pattern[];
  conntrack: boolean;
  /** zones of firewalld it may put the attachment's addresses into */
  firewalld: Pattern[];
  /**
   * ipam: host-local's lease directory of this network. own: a directory of this module and network. dataDir: the attachment's one file,
   * `CONTAINERID_IFNAME.json`, in the folder that the configuration's `dataDir` names.
   */
  store: 'ipam' | 'own' | 'dataDir' | 'none';
  /** configuration keys that name files it may read */
  conf: string[];
  /** "ipam": the plugin that the configuration's ipam.type names */
  delegate: string[];
  /** configuration keys whose lists of words it may put into rules as they are */
  rawMatch: string[];
}

export interface Manifest {
  abi: 1;
  name: string;
  version: string;
  /** main and chained answer with a whole result, ipam with ips, routes and dns only */
  role: 'main' | 'chained' | 'ipam';
  license?: string;
  description?: string;
  /** empty: all that the host speaks */
  cniVersions: string[];
  wants: Partial<Grants>;
  /** imports ("conntrack.flush") that are bound to a `denied` answer when they are not granted */
  optional: string[];
  limits: Partial<Limits>;
  /** what the keys of its configuration must be */
  config?: ConfigSchema;
}

export interface Limits {
  timeMs: number;
  /** 64 KiB each */
  memoryPages: number;
  /** host operations in one call */
  operations: number;
  resultBytes: number;
  messageBytes: number;
  logBytes: number;
  logRecords: number;
}

export const DEFAULT_LIMITS: Limits = {
  timeMs: 30_000, memoryPages: 64, operations: 2000, resultBytes: 256 * 1024, messageBytes: 1024 * 1024, logBytes: 64 * 1024, logRecords: 1000,
};

export const NO_GRANTS: Grants = {
  link: {}, hostLinks: [], addr: [], route: [], rule: [], neigh: [], tc: [], nft: [], iptables: {}, sysctl: [], conntrack: false, firewalld: [], store: 'none', conf: [], delegate: [], rawMatch: [],
};
