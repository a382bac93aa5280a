// The seam: all that this host asks of a kernel, for one pair of namespaces. `live` speaks netlink, `fake` is in memory.
// Every method is synchronous and throws KernelError with the errno the kernel gave. "Not there" on a read is undefined or [].
// SPDX-License-Identifier: Apache-2.0

import type { Firewalld } from './firewalld.ts';
import type { Family, RuleFamily, Rule } from './rule.ts';
import type { PortVlans } from './vlans.ts';

export type Ns = 'host' | 'container';

export interface Kernel {
  /** Device and inode of the namespace file as "dev:inode"; undefined when the call has no container namespace. */
  netnsId(ns: Ns): string | undefined;
  /** What to remember it by: an inode is given to the next namespace as soon as its own is gone. Undefined as above. */
  netnsMark(ns: Ns): string | undefined;
  /** Is it the one that has this mark? */
  isNetns(ns: Ns, mark: string): boolean;
  readonly link: LinkKernel;
  readonly addr: AddrKernel;
  readonly route: RouteKernel;
  readonly policyRule: PolicyRuleKernel;
  readonly neigh: NeighKernel;
  readonly nft: NftKernel;
  readonly iptables: IptablesKernel;
  readonly tc: TcKernel;
  readonly sysctl: SysctlKernel;
  readonly conntrack: ConntrackKernel;
  readonly firewalld: Firewalld;
  close(): void;
}

// --- links (linux/if_link.h) ---

export interface Link {
  index: number;
  name: string;
  /** IFLA_INFO_KIND; '' for devices without one (lo, physical). */
  kind: string;
  /** bytes */
  mtu: number;
  /** lower-case hex with colons; '' when the device has none */
  mac: string;
  up: boolean;
  /** IF_OPER_* as `ip` spells it: unknown notpresent down lowerlayerdown testing dormant up */
  state: string;
  promisc: boolean;
  allmulti: boolean;
  txqlen: number;
  /** IFLA_LINK: interface index of the veth peer, in the peer's namespace. */
  peer?: number;
  /** where that is; elsewhere is a namespace that is neither of the two */
  peerNs?: Ns | 'elsewhere';
  master?: number;
  alias?: string;
  group: number;
  /** Only for ports of a bridge. */
  port?: { hairpin: boolean; isolated: boolean };
  /** Only for bridges. */
  vlanFiltering?: boolean;
}

interface NewLinkBase {
  name: string;
  mtu?: number;
  mac?: string;
  /** packets */
  txqlen?: number;
  up?: boolean;
}
export type NewLink =
  | (NewLinkBase & { kind: 'bridge'; vlanFiltering?: boolean })
  | (NewLinkBase & { kind: 'ifb' })
  /** The peer is made directly in its namespace. */
  | (NewLinkBase & { kind: 'veth'; peer: { ns: Ns; name: string; mtu?: number; mac?: string; txqlen?: number } });

export interface LinkChange {
  up?: boolean;
  mtu?: number;
  mac?: string;
  name?: string;
  alias?: string;
  /** null takes it out of its bridge. */
  master?: number | null;
  promisc?: boolean;
  allmulti?: boolean;
  txqlen?: number;
  group?: number;
  hairpin?: boolean;
  isolated?: boolean;
  /** of a bridge port: exactly these, of two for the same VLAN the later */
  vlans?: readonly PortVlans[];
}

export type LinkKey = { index: number } | { name: string };

export interface LinkKernel {
  get(ns: Ns, key: LinkKey): Link | undefined;
  list(ns: Ns): Link[];
  /** undefined: links of this kind can be made; else the reason why not. Makes none. */
  unusable(ns: Ns, kind: string): string | undefined;
  /** Returns the new interface index. NLM_F_EXCL: EEXIST when the name is taken. */
  create(ns: Ns, link: NewLink): number;
  set(ns: Ns, index: number, change: LinkChange): void;
  /** The VLANs of a bridge port in their normal form; none for other links. */
  vlans(ns: Ns, index: number): PortVlans[];
  delete(ns: Ns, index: number): void;
  /** All of them in one step; one that is gone already is no error. */
  deleteTogether(ns: Ns, indexes: readonly number[]): void;
}

// --- addresses, routes, rules, neighbours (linux/rtnetlink.h) ---

export interface Addr {
  index: number;
  /** "10.1.0.5/24", canonical text (RFC 5952) */
  address: string;
  /** RT_SCOPE_*: 0 universe, 253 link, 254 host */
  scope: number;
  tentative: boolean;
  dadFailed: boolean;
}
export interface AddrKernel {
  /** IPv4 first. All links when index is absent. */
  list(ns: Ns, index?: number): Addr[];
  /** IPv4 with the computed broadcast when the prefix is shorter than 31. NLM_F_EXCL. */
  add(ns: Ns, index: number, address: string): void;
  delete(ns: Ns, index: number, address: string): void;
}

export interface Route {
  /** canonical prefix; "0.0.0.0/0" and "::/0" for the default routes */
  dst: string;
  gw?: string;
  src?: string;
  index?: number;
  /** RT_TABLE_MAIN is 254 */
  table: number;
  metric: number;
  scope: number;
  /** RTPROT_*: 2 kernel, 3 boot, 4 static */
  protocol: number;
  mtu?: number;
  advmss?: number;
}
export type NewRoute = Pick<Route, 'dst'> & Partial<Route>;
export interface RouteKernel {
  /** Unicast routes of both families, IPv4 first, without those of table local. */
  list(ns: Ns): Route[];
  /** The one of these that is taken to an address: undefined when none leads there, and for addresses of the namespace itself. */
  to(ns: Ns, address: string): Route | undefined;
  /** NLM_F_CREATE without NLM_F_EXCL, as the reference does; protocol defaults to boot(3), as the reference. */
  add(ns: Ns, route: NewRoute): void;
  delete(ns: Ns, route: NewRoute): void;
}

export interface PolicyRule { family: Family; priority?: number; table: number; from?: string; to?: string }
export interface PolicyRuleKernel {
  /** Without those that look at more than addresses. */
  list(ns: Ns, family: Family): (PolicyRule & { priority: number })[];
  add(ns: Ns, rule: PolicyRule): void;
  delete(ns: Ns, rule: PolicyRule): void;
}

export interface Neigh { index: number; ip: string; mac?: string; /** NUD_*: 0x80 permanent */ state: number }
export interface NeighKernel {
  list(ns: Ns, index: number): Neigh[];
  /** NUD_PERMANENT, NLM_F_EXCL */
  add(ns: Ns, index: number, ip: string, mac: string): void;
  delete(ns: Ns, index: number, ip: string): void;
}

// --- packet filters ---

export interface NftHook { type: 'nat' | 'filter' | 'route'; hook: string; priority: number }
export interface NftRule {
  handle: number;
  /** The decoded rule; undefined when it has an expression outside our grammar (someone else's). */
  rule?: Rule | undefined;
  comment?: string;
  /** The chain it jumps or goes to, also of a rule outside our grammar. */
  jump?: string | undefined;
  /** Of a rule outside our grammar: its matches that are inside, and its action. */
  known?: Pick<Rule, 'match' | 'action'> | undefined;
}
export interface NftChain { name: string; hook?: NftHook; rules: NftRule[] }
export interface NftTable { family: RuleFamily; name: string; chains: NftChain[] }
/**
 * One chain. With `comments` of its rules those whose comment begins with one of them: of the others any number in a row has one place, with
 * handle 0. Without any in the list no rules at all.
 */
export interface NftPart { chain: string; comments?: readonly string[] }
export type NftCommand =
  | { do: 'add table'; family: RuleFamily; table: string; comment?: string }
  | { do: 'delete table'; family: RuleFamily; table: string }
  | { do: 'add chain'; family: RuleFamily; table: string; chain: string; hook?: NftHook; comment?: string }
  | { do: 'delete chain'; family: RuleFamily; table: string; chain: string }
  | { do: 'flush chain'; family: RuleFamily; table: string; chain: string }
  | { do: 'add rule'; family: RuleFamily; table: string; chain: string; rule: Rule; at: 'start' | 'end' }
  | { do: 'delete rule'; family: RuleFamily; table: string; chain: string; handle: number };
export interface NftKernel {
  /** undefined: can be used, with `raw` also for rules with words of nft's own language; else the reason why not. */
  unusable(ns: Ns, raw?: boolean): string | undefined;
  read(ns: Ns, family: RuleFamily, table: string): NftTable | undefined;
  /** As read, but a rule is decoded when it is asked for what it says: most of them are other containers'. With `parts` only those. */
  readLate(ns: Ns, family: RuleFamily, table: string, parts?: readonly NftPart[]): NftTable | undefined;
  /** Every change of rules in the namespace, by whoever, makes the next one. Undefined when nf_tables cannot be used. */
  generation(ns: Ns): number | undefined;
  /** All or nothing: one NFNL batch. Adding a table or chain that exists is fine. Decided on a generation, it is refused (ERESTART) by any other. */
  apply(ns: Ns, commands: readonly NftCommand[], generation?: number): void;
}

/** What it says is looked into when it is asked for: most rules are other containers'. */
export interface IptablesRule {
  /** as iptables-save prints it, without "-A CHAIN " */
  readonly text: string;
  readonly comment: string | undefined;
  /** what follows -j or -g: a chain or a target */
  readonly jump: string | undefined;
  /** undefined when it is outside the grammar */
  readonly rule: Rule | undefined;
  /** equal for equal rules; the text itself for those outside the grammar */
  readonly key: string;
  /** of nf_tables, where it was read from there */
  readonly handle?: number;
  /** False: it does not call this chain, which is sooner found out than what it says. */
  mayCall(chain: string): boolean;
}
export interface IptablesChain {
  name: string;
  /** undefined for user chains */
  policy?: string;
  readonly rules: readonly IptablesRule[];
  /** how many rules are in it and how many call it, where the kernel says so */
  uses?: number;
}
export interface IptablesTable {
  family: Family;
  name: string;
  readonly chains: readonly IptablesChain[];
  /** Where one chain can be looked at without the others. */
  chainNamed?(name: string): IptablesChain | undefined;
  /** of nf_tables, when it was looked at; iptables' old variant counts nothing */
  readonly generation?: number;
}
export type IptablesCommand =
  | { do: 'add chain' | 'flush chain' | 'delete chain'; chain: string }
  | { do: 'add rule'; chain: string; rule: Rule; at: 'start' | 'end' }
  /** as it was read */
  | { do: 'delete rule'; chain: string; rule: IptablesRule };
export interface IptablesKernel {
  unusable(ns: Ns, family: Family): string | undefined;
  /** What iptables-save -t prints; the built-in chains may be missing when the table was never used. Looked into late, so look before you change it. */
  read(ns: Ns, family: Family, table: string): IptablesTable;
  /**
   * One iptables-restore --noflush: all or nothing. What goes because of what was read is refused (ERESTART) when somebody has changed rules
   * since, where nf_tables counts that.
   */
  restore(ns: Ns, family: Family, table: string, commands: readonly IptablesCommand[]): void;
  /** One iptables -C: is this rule there, whatever way iptables-save spells it? */
  has(ns: Ns, family: Family, table: string, chain: string, rule: string): boolean;
}

// --- traffic control (linux/pkt_sched.h) ---

/** rate in bytes/s, limit in bytes, bufferUs in µs (the kernel's ticks divided by /proc/net/psched's ticks per µs). */
export interface Tbf { rate: number; limit: number; bufferUs: number }
/** Handles are numbers as the kernel has them: 0x10000 is "1:", 0xffff0000 "ffff:", 0xffffffff root, 0xfffffff1 ingress. */
export interface Qdisc { index: number; kind: string; handle: number; parent: number; tbf?: Tbf }
export type NewQdisc =
  | { index: number; kind: 'tbf'; handle: number; parent: number; tbf: Tbf }
  | { index: number; kind: 'ingress' }
  | { index: number; kind: 'htb'; handle: number; parent: number; defaultClass: number };
export interface HtbClass { index: number; classid: number; parent: number; /** bytes/s */ rate: number; ceil: number; bufferUs: number }
export interface Filter {
  index: number; kind: string; parent: number; priority: number;
  /** ETH_P_*, host byte order: 3 all, 0x800 IPv4 */
  protocol: number;
  handle: number;
  classid?: number;
  /** interface index of a mirred egress redirect */
  redirect?: number;
  src?: string;
  dst?: string;
}
export type NewFilter = Omit<Filter, 'kind' | 'handle'>;
export interface TcKernel {
  /** Of one link; without an index those of all. */
  qdiscs(ns: Ns, index?: number): Qdisc[];
  /** NLM_F_EXCL */
  addQdisc(ns: Ns, qdisc: NewQdisc): void;
  deleteQdisc(ns: Ns, qdisc: { index: number; kind: string; handle: number; parent: number }): void;
  classes(ns: Ns, index: number): HtbClass[];
  addClass(ns: Ns, cls: HtbClass): void;
  deleteClass(ns: Ns, index: number, classid: number): void;
  /** u32 filters with an effect; the hash tables the kernel lists beside them are left out. */
  filters(ns: Ns, index: number, parent: number): Filter[];
  addFilter(ns: Ns, filter: NewFilter): void;
  deleteFilter(ns: Ns, filter: Filter): void;
}

export interface SysctlKernel {
  /** key in slash form below /proc/sys, e.g. "net/ipv4/ip_forward"; trailing newline removed; undefined when the key does not exist. */
  get(ns: Ns, key: string): string | undefined;
  set(ns: Ns, key: string, value: string): void;
  /** Why none can be written, as an errno; undefined when they can. Writes none. */
  unwritable(ns: Ns): string | undefined;
}

export interface ConntrackKernel {
  /** Deletes the entries of these original destinations; returns how many, or undefined when the kernel did not say. */
  delete(ns: Ns, of: { family: Family; proto: 'tcp' | 'udp' | 'sctp'; dports: readonly number[]; daddr?: string }): number | undefined;
}
