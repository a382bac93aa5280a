// What the fake kernel knows: plain data, one tree for each namespace. dump.ts writes it as text, parse.ts reads it.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { Addr, Filter, HtbClass, Link, Neigh, NftChain, NftTable, Ns, PolicyRule, Qdisc, Route } from '../kernel.ts';
import type { Family } from '../rule.ts';
import type { PortVlans } from '../vlans.ts';

export interface FakeState { host: FakeNamespace; container?: FakeNamespace }

/** Its rules are the lines of iptables-save. */
export interface FakeIptablesTable { family: Family; name: string; chains: { name: string; policy?: string; rules: string[] }[] }

export interface FakeNamespace {
  /** what netnsId answers */
  id: string;
  links: FakeLink[];
  addrs: Addr[];
  routes: Route[];
  rules: (PolicyRule & { priority: number })[];
  neighs: Neigh[];
  nft: FakeTable[];
  iptables: FakeIptablesTable[];
  qdiscs: FakeQdisc[];
  classes: HtbClass[];
  filters: Filter[];
  /** only those that are not at the kernel's default, by their key below /proc/sys */
  sysctl: Record<string, string>;
  conntrack: FakeConnection[];
  /** of firewalld, each with its sources; undefined while it does not run */
  zones?: Record<string, string[]>;
  /** why a packet filter cannot be used here; `raw`: for words of nft's own language */
  unusable: { nft?: string; raw?: string; ip?: string; ip6?: string };
  /** never given out twice, as the kernel's */
  nextIndex: number;
  nextHandle: number;
  /** of its nf_tables */
  generation: number;
}

/** `elsewhere` is a namespace that this pair does not show: the container of another attachment. */
export interface FakePeer { ns: Ns | 'elsewhere'; index: number }
export type FakeLink = Omit<Link, 'state' | 'peer' | 'peerNs'> & {
  peer?: FakePeer;
  /** Bridges only: set by someone, so ports no longer change it. */
  fixed?: { mac?: boolean; mtu?: boolean };
  /** Only for ports of a bridge, in their normal form. */
  vlans?: PortVlans[];
};
/** A new port is in VLAN 1 (IFLA_BR_VLAN_DEFAULT_PVID), whether its bridge filters or not. */
export const DEFAULT_VLANS: readonly PortVlans[] = [{ id: 1, pvid: true, untagged: true }];
export type FakeQdisc = Qdisc & { defaultClass?: number };
interface FakeConnection { family: Family; proto: string; daddr: string; dport: number }
/** With the comments, which the kernel keeps and no read shows. */
export interface FakeTable extends NftTable { comment?: string; chains: FakeChain[] }
export interface FakeChain extends NftChain { comment?: string }

/** A namespace as `ip netns add` leaves it. */
export const newNamespace = (id: string): FakeNamespace => ({
  id,
  links: [{ index: 1, name: 'lo', kind: '', mtu: 65536, mac: '00:00:00:00:00:00', up: false, promisc: false, allmulti: false, txqlen: 1000, group: 0 }],
  addrs: [], routes: [], neighs: [], nft: [], iptables: [], qdiscs: [], classes: [], filters: [], sysctl: {}, conntrack: [], unusable: {},
  rules: [
    { family: 'ip', priority: 0, table: 255 }, { family: 'ip', priority: 32766, table: 254 }, { family: 'ip', priority: 32767, table: 253 },
    { family: 'ip6', priority: 0, table: 255 }, { family: 'ip6', priority: 32766, table: 254 },
  ],
  nextIndex: 2,
  nextHandle: 1,
  generation: 1,
});

export const newState = (): FakeState => ({ host: newNamespace('4:4026531840'), container: newNamespace('4:4026532201') });

export function namespaceOf(state: FakeState, ns: Ns, action: string): FakeNamespace {
  const found = state[ns];
  if (!found) throw new KernelError('ENOENT', action, 'the container namespace is gone');
  return found;
}

export function linkOf(ns: FakeNamespace, index: number, action: string): FakeLink {
  const found = ns.links.find((link) => link.index === index);
  if (!found) throw new KernelError('ENODEV', action, `no interface ${index}`);
  return found;
}
