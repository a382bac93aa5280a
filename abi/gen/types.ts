// Generated from abi/ops.ts by build.mjs: the request and the answer of each operation. Do not edit.
// SPDX-License-Identifier: Apache-2.0

/** Finds one link. Exactly one of name, link, and endOf (the other end of a veth; looked up in the other namespace). */
export interface LinkGetRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** interface name, 1 to 15 bytes */
  name?: string;
  /** a link handle the host has minted in this call */
  link?: number;
  /** a link handle the host has minted in this call */
  endOf?: number;
  /** with link: ms to wait for its operational state to become up; it is answered as it is then */
  upWithinMs?: number;
  /** answer also the VLANs of a bridge port */
  vlans?: boolean;
}

export interface LinkGetAnswer {
  /** a link handle the host has minted in this call */
  link: number;
  /** interface name, 1 to 15 bytes */
  name: string;
  /** kernel link kind: veth, bridge, ifb, …; empty for devices without one */
  kind: string;
  /** bytes */
  mtu: number;
  /** hardware address */
  mac: string;
  /** IFF_UP is set */
  up: boolean;
  /** RFC 2863 operational state: up, down, lowerlayerdown, unknown, … */
  state: string;
  /** IFF_PROMISC is set */
  promisc: boolean;
  /** IFF_ALLMULTI is set */
  allmulti: boolean;
  /** packets */
  txqlen: number;
  /** interface index of the other end (IFLA_LINK), in its own namespace */
  peer?: number;
  /** interface index of the bridge it is a port of */
  master?: number;
  /** interface index */
  index: number;
  /** bridge port flag */
  hairpin?: boolean;
  /** bridge port flag */
  isolated?: boolean;
  /** bridges only */
  vlanFiltering?: boolean;
  /** VLANs of a bridge port; of two entries for one VLAN the later counts */
  vlans?: readonly {
    /** VLAN */
    id: number;
    /** all from id to this one */
    last?: number;
    /** frames without a tag belong to it; at most one, and no range */
    pvid?: boolean;
    /** leaves the port without a tag */
    untagged?: boolean;
  }[];
  /** who made it: this attachment, this network, or someone else */
  owner: 'attachment' | 'network' | 'foreign';
}

/** Lists the links of the container, or those of the host that this module may see; with `master` its ports. */
export interface LinkListRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** only this kind */
  kind?: string;
  /** a link handle the host has minted in this call */
  master?: number;
}

export interface LinkListAnswer {
  /** in index order */
  links: readonly {
    /** a link handle the host has minted in this call */
    link: number;
    /** interface name, 1 to 15 bytes */
    name: string;
    /** kernel link kind: veth, bridge, ifb, …; empty for devices without one */
    kind: string;
    /** bytes */
    mtu: number;
    /** hardware address */
    mac: string;
    /** IFF_UP is set */
    up: boolean;
    /** RFC 2863 operational state: up, down, lowerlayerdown, unknown, … */
    state: string;
    /** IFF_PROMISC is set */
    promisc: boolean;
    /** IFF_ALLMULTI is set */
    allmulti: boolean;
    /** packets */
    txqlen: number;
    /** interface index of the other end (IFLA_LINK), in its own namespace */
    peer?: number;
    /** interface index of the bridge it is a port of */
    master?: number;
    /** interface index */
    index: number;
    /** bridge port flag */
    hairpin?: boolean;
    /** bridge port flag */
    isolated?: boolean;
    /** bridges only */
    vlanFiltering?: boolean;
    /** VLANs of a bridge port; of two entries for one VLAN the later counts */
    vlans?: readonly {
      /** VLAN */
      id: number;
      /** all from id to this one */
      last?: number;
      /** frames without a tag belong to it; at most one, and no range */
      pvid?: boolean;
      /** leaves the port without a tag */
      untagged?: boolean;
    }[];
    /** who made it: this attachment, this network, or someone else */
    owner: 'attachment' | 'network' | 'foreign';
  }[];
}

/** Says whether the kernel can make links of a kind. Makes none. */
export interface LinkUsableRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** link kind */
  kind: 'veth' | 'bridge' | 'ifb';
}

export interface LinkUsableAnswer {
  /** can be used on this node */
  usable: boolean;
  /** why not */
  why?: string;
}

/** Makes a link, or a veth pair across the two namespaces. An existing name is an error. */
export interface LinkCreateRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** interface name, 1 to 15 bytes */
  name: string;
  /** link kind */
  kind: 'veth' | 'bridge' | 'ifb';
  /** bytes */
  mtu?: number;
  /** hardware address, lower-case hex with colons */
  mac?: string;
  /** packets */
  txqlen?: number;
  /** bring it up at once */
  up?: boolean;
  /** "attachment" (default): goes with DEL; "network": stays until nobody of the network uses it */
  life?: 'attachment' | 'network';
  /** the other end of a veth; the host picks `veth` + 8 hex digits when it has no name */
  peer?: {
    /** the namespace of this end */
    ns: 'host' | 'container';
    /** interface name, 1 to 15 bytes */
    name?: string;
    /** bytes */
    mtu?: number;
    /** packets */
    txqlen?: number;
  };
  /** bridge only */
  vlanFiltering?: boolean;
}

export interface LinkCreateAnswer {
  /** a link handle the host has minted in this call */
  link: number;
  /** a link handle the host has minted in this call */
  peer?: number;
}

/** Changes attributes of a link; absent ones stay. VLANs become exactly those given, and only on a port this attachment or this call made. DEL: only in the container. */
export interface LinkSetRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** administrative state */
  up?: boolean;
  /** bytes */
  mtu?: number;
  /** hardware address, lower-case hex with colons */
  mac?: string;
  /** the bridge it becomes a port of, by its handle; null takes it out of the one it is in */
  master?: number | null;
  /** promiscuous mode */
  promisc?: boolean;
  /** all multicast */
  allmulti?: boolean;
  /** packets */
  txqlen?: number;
  /** bridge port flag */
  hairpin?: boolean;
  /** bridge port flag */
  isolated?: boolean;
  /** VLANs of a bridge port; of two entries for one VLAN the later counts */
  vlans?: {
    /** VLAN */
    id: number;
    /** all from id to this one */
    last?: number;
    /** frames without a tag belong to it; at most one, and no range */
    pvid?: boolean;
    /** leaves the port without a tag */
    untagged?: boolean;
  }[];
}

export type LinkSetAnswer = Record<string, never>;

/** Deletes a link this attachment owns. */
export interface LinkDeleteRequest {
  /** a link handle the host has minted in this call */
  link: number;
}

export type LinkDeleteAnswer = LinkSetAnswer;

/** Lists the addresses of a link. */
export interface AddrListRequest {
  /** a link handle the host has minted in this call */
  link: number;
}

export interface AddrListAnswer {
  /** IPv4 first */
  addrs: readonly {
    /** address with prefix length, host bits kept */
    address: string;
    /** rtnetlink scope */
    scope: number;
    /** DAD is running */
    tentative: boolean;
    /** DAD found a duplicate */
    dadFailed: boolean;
  }[];
}

/** Adds an address. An existing one is an error. */
export interface AddrAddRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** address with prefix length, host bits kept */
  address: string;
  /** "attachment" (default): goes with DEL; "network": stays until nobody of the network uses it */
  life?: 'attachment' | 'network';
}

export type AddrAddAnswer = LinkSetAnswer;

/** Takes an address away. */
export interface AddrDeleteRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** address with prefix length, host bits kept */
  address: string;
}

export type AddrDeleteAnswer = LinkSetAnswer;

/** Waits until no IPv6 address of the link is tentative. */
export interface AddrAwaitRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** ms */
  timeoutMs: number;
}

export interface AddrAwaitAnswer {
  /** false when time ran out */
  settled: boolean;
  /** IPv4 or IPv6 address */
  failed?: string;
}

/** Lists the routes of a namespace; with `to` the one that the kernel takes there, or none. */
export interface RouteListRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** a link handle the host has minted in this call */
  link?: number;
  /** IPv4 or IPv6 address */
  to?: string;
}

export interface RouteListAnswer {
  /** IPv4 first */
  routes: readonly {
    /** address with prefix length, host bits kept */
    dst: string;
    /** IPv4 or IPv6 address */
    gw?: string;
    /** IPv4 or IPv6 address */
    src?: string;
    /** interface index */
    index?: number;
    /** table */
    table: number;
    /** priority */
    metric: number;
    /** scope */
    scope: number;
  }[];
}

/** Adds a route; without link the kernel finds the interface by the gateway. */
export interface RouteAddRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** a link handle the host has minted in this call */
  link?: number;
  /** address with prefix length, host bits kept */
  dst: string;
  /** IPv4 or IPv6 address */
  gw?: string;
  /** IPv4 or IPv6 address */
  src?: string;
  /** routing table, main when absent */
  table?: number;
  /** priority; 0 and absent are the kernel's default for a new route, any for one to delete */
  metric?: number;
  /** rtnetlink scope: 0 universe, 253 link, 254 host; when absent universe for a new route, any for one to delete */
  scope?: number;
  /** bytes */
  mtu?: number;
  /** bytes */
  advmss?: number;
}

export type RouteAddAnswer = LinkSetAnswer;

/** Takes a route away. */
export type RouteDeleteRequest = RouteAddRequest;

export type RouteDeleteAnswer = LinkSetAnswer;

/** Lists the routing policy rules. */
export interface RuleListRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** address family */
  family: 'ip' | 'ip6';
}

export interface RuleListAnswer {
  /** by priority */
  rules: readonly {
    /** preference */
    priority: number;
    /** table */
    table: number;
    /** address with prefix length, host bits kept */
    from?: string;
    /** address with prefix length, host bits kept */
    to?: string;
  }[];
}

/** Adds a routing policy rule. */
export interface RuleAddRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** address family */
  family: 'ip' | 'ip6';
  /** address with prefix length, host bits kept */
  from?: string;
  /** address with prefix length, host bits kept */
  to?: string;
  /** routing table */
  table: number;
  /** preference */
  priority?: number;
}

export type RuleAddAnswer = LinkSetAnswer;

/** Takes a routing policy rule away. */
export type RuleDeleteRequest = RuleAddRequest;

export type RuleDeleteAnswer = LinkSetAnswer;

/** Lists the neighbours of a link. */
export interface NeighListRequest {
  /** a link handle the host has minted in this call */
  link: number;
}

export interface NeighListAnswer {
  /** IPv4 first */
  neighbours: readonly {
    /** IPv4 or IPv6 address */
    ip: string;
    /** hardware address, lower-case hex with colons */
    mac?: string;
    /** NUD_* state */
    state: number;
  }[];
}

/** Adds a permanent neighbour. */
export interface NeighAddRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** IPv4 or IPv6 address */
  ip: string;
  /** hardware address, lower-case hex with colons */
  mac: string;
}

export type NeighAddAnswer = LinkSetAnswer;

/** Takes a neighbour away. */
export type NeighDeleteRequest = NeighAddRequest;

export type NeighDeleteAnswer = LinkSetAnswer;

/** Says whether nf_tables can be used. */
export interface NftUsableRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** also for rules with words of nft's own language, which need the nft program */
  raw?: boolean;
}

export type NftUsableAnswer = LinkUsableAnswer;

/** Lists the rules of a table. */
export interface NftListRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** family */
  family: 'ip' | 'ip6' | 'inet' | 'bridge';
  /** table */
  table: string;
}

export interface NftListAnswer {
  /** the chains of the table this module may see */
  chains: readonly {
    /** chain */
    name: string;
    /** in order */
    rules: readonly {
      /** the rule as a listing shows it */
      text: string;
      /** its comment */
      comment?: string;
    }[];
  }[];
}

/** Says what of a rule set is not there as asked. */
export interface NftCheckRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** inet and bridge only for nft */
  family: 'ip' | 'ip6' | 'inet' | 'bridge';
  /** table name */
  table: string;
  /** comment of the table when it is made (nft) */
  tableComment?: string;
  /** rules to take away; none found is fine */
  remove?: {
    /** chain */
    chain: string;
    rule?: {
      /** all of them must hold, in this order */
      match: {
        /** address with prefix length, host bits kept */
        saddr?: string;
        /** address with prefix length, host bits kept */
        daddr?: string;
        /** tcp, udp, sctp or another protocol name */
        proto?: string;
        /** destination port */
        dport?: number;
        /** destination ports, at most 15 (xt_multiport) */
        dports?: number[];
        /** address type of the destination in the FIB */
        dstType?: 'local';
        mark?: {
          /** mark */
          value: number;
          /** mask */
          mask: number;
        };
        /** the interface the packet came in by, exactly this name */
        iif?: string;
        /** the interface it will leave by, exactly this name */
        oif?: string;
        /** one of them must be */
        ctState?: ('invalid' | 'established' | 'related' | 'new' | 'untracked')[];
        /** hardware address, lower-case hex with colons */
        ethSaddr?: string;
        /** words of the backend itself, which the operator wrote (grant rawMatch); they end the matches of the rule */
        raw?: string[];
        /** inverts this match */
        not?: boolean;
      }[];
      /** exactly one of them */
      action: {
        /** a final verdict */
        verdict?: 'accept' | 'drop' | 'return';
        /** chain to call */
        jump?: string;
        /** chain to continue in */
        goto?: string;
        /** source address of the outgoing interface */
        masquerade?: boolean;
        dnat?: {
          /** IPv4 or IPv6 address */
          to: string;
          /** new destination port */
          port?: number;
        };
        setMark?: {
          /** mark */
          value: number;
          /** mask */
          mask: number;
        };
      };
      /** shown in listings; the owner of the rule */
      comment?: string;
    };
    /** every rule with exactly this comment */
    comment?: string;
    /** every rule whose comment starts so */
    commentPrefix?: string;
    /** every rule that names this address, as source, destination or where it sends to */
    address?: string;
    /** addresses; no rule that names one of them */
    except?: string[];
    /** every rule that jumps there */
    jump?: string;
  }[];
  /** chains to take away; none found is fine */
  drop?: {
    /** chain to empty and delete */
    chain: string;
    /** only when no rule jumps there; else the jumps are removed too */
    unreferenced?: boolean;
  }[];
  /** chains that must exist */
  chains?: {
    /** chain */
    name: string;
    hook?: {
      /** chain type */
      type: 'nat' | 'filter' | 'route';
      /** netfilter hook */
      hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
      /** hook priority */
      priority: number;
    };
    /** comment of the chain when it is made (nft) */
    comment?: string;
    /** "attachment" (default): goes with DEL; "network": stays until nobody of the network uses it */
    life?: 'attachment' | 'network';
  }[];
  /** chains whose content must be exactly this */
  set?: {
    /** chain */
    chain: string;
    /** its whole content, in order */
    rules: {
      /** all of them must hold, in this order */
      match: {
        /** address with prefix length, host bits kept */
        saddr?: string;
        /** address with prefix length, host bits kept */
        daddr?: string;
        /** tcp, udp, sctp or another protocol name */
        proto?: string;
        /** destination port */
        dport?: number;
        /** destination ports, at most 15 (xt_multiport) */
        dports?: number[];
        /** address type of the destination in the FIB */
        dstType?: 'local';
        mark?: {
          /** mark */
          value: number;
          /** mask */
          mask: number;
        };
        /** the interface the packet came in by, exactly this name */
        iif?: string;
        /** the interface it will leave by, exactly this name */
        oif?: string;
        /** one of them must be */
        ctState?: ('invalid' | 'established' | 'related' | 'new' | 'untracked')[];
        /** hardware address, lower-case hex with colons */
        ethSaddr?: string;
        /** words of the backend itself, which the operator wrote (grant rawMatch); they end the matches of the rule */
        raw?: string[];
        /** inverts this match */
        not?: boolean;
      }[];
      /** exactly one of them */
      action: {
        /** a final verdict */
        verdict?: 'accept' | 'drop' | 'return';
        /** chain to call */
        jump?: string;
        /** chain to continue in */
        goto?: string;
        /** source address of the outgoing interface */
        masquerade?: boolean;
        dnat?: {
          /** IPv4 or IPv6 address */
          to: string;
          /** new destination port */
          port?: number;
        };
        setMark?: {
          /** mark */
          value: number;
          /** mask */
          mask: number;
        };
      };
      /** shown in listings; the owner of the rule */
      comment?: string;
    }[];
  }[];
  /** rules that must be there once; an equal one is left where it is */
  add?: {
    /** chain */
    chain: string;
    rule: {
      /** all of them must hold, in this order */
      match: {
        /** address with prefix length, host bits kept */
        saddr?: string;
        /** address with prefix length, host bits kept */
        daddr?: string;
        /** tcp, udp, sctp or another protocol name */
        proto?: string;
        /** destination port */
        dport?: number;
        /** destination ports, at most 15 (xt_multiport) */
        dports?: number[];
        /** address type of the destination in the FIB */
        dstType?: 'local';
        mark?: {
          /** mark */
          value: number;
          /** mask */
          mask: number;
        };
        /** the interface the packet came in by, exactly this name */
        iif?: string;
        /** the interface it will leave by, exactly this name */
        oif?: string;
        /** one of them must be */
        ctState?: ('invalid' | 'established' | 'related' | 'new' | 'untracked')[];
        /** hardware address, lower-case hex with colons */
        ethSaddr?: string;
        /** words of the backend itself, which the operator wrote (grant rawMatch); they end the matches of the rule */
        raw?: string[];
        /** inverts this match */
        not?: boolean;
      }[];
      /** exactly one of them */
      action: {
        /** a final verdict */
        verdict?: 'accept' | 'drop' | 'return';
        /** chain to call */
        jump?: string;
        /** chain to continue in */
        goto?: string;
        /** source address of the outgoing interface */
        masquerade?: boolean;
        dnat?: {
          /** IPv4 or IPv6 address */
          to: string;
          /** new destination port */
          port?: number;
        };
        setMark?: {
          /** mark */
          value: number;
          /** mask */
          mask: number;
        };
      };
      /** shown in listings; the owner of the rule */
      comment?: string;
    };
    /** "end" when absent */
    at?: 'start' | 'end';
    /** "attachment" (default): goes with DEL; "network": stays until nobody of the network uses it */
    life?: 'attachment' | 'network';
  }[];
}

export interface NftCheckAnswer {
  /** what is not as asked */
  missing: readonly {
    /** chain */
    chain: string;
    /** the rule as text */
    rule?: string;
  }[];
}

/** Makes the table as asked in one transaction, written as one netlink batch. DEL, GC: only `remove` and `drop`. */
export type NftApplyRequest = NftCheckRequest;

export type NftApplyAnswer = LinkSetAnswer;

/** Says whether iptables (or ip6tables) can be used. */
export interface IptablesUsableRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** family */
  family: 'ip' | 'ip6';
  /** the table that will be used; nat when absent */
  table?: string;
}

export type IptablesUsableAnswer = LinkUsableAnswer;

/** Lists the rules of a table. */
export interface IptablesListRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** family */
  family: 'ip' | 'ip6';
  /** table */
  table: string;
}

export type IptablesListAnswer = NftListAnswer;

/** Says what of a rule set is not there as asked. */
export type IptablesCheckRequest = NftCheckRequest;

export type IptablesCheckAnswer = NftCheckAnswer;

/** Makes the table as asked in one transaction, as one iptables-restore would. DEL, GC: only `remove` and `drop`. */
export type IptablesApplyRequest = NftCheckRequest;

export type IptablesApplyAnswer = LinkSetAnswer;

/** Lists the qdiscs and filters of a link. */
export interface TcListRequest {
  /** a link handle the host has minted in this call */
  link: number;
}

export interface TcListAnswer {
  /** as the kernel lists them */
  qdiscs: readonly {
    /** tbf, ingress, htb, … */
    kind: string;
    /** major:minor */
    handle: string;
    /** major:minor, root or ingress */
    parent: string;
    /** bytes/s */
    rate?: number;
    /** bytes */
    limit?: number;
    /** µs */
    bufferUs?: number;
  }[];
  /** as the kernel lists them */
  filters: readonly {
    /** u32, … */
    kind: string;
    /** major:minor */
    parent: string;
    /** interface index packets are redirected to */
    redirect?: number;
  }[];
}

/** Says which links of the same namespace have filters that redirect to this one. */
export interface TcSourcesRequest {
  /** a link handle the host has minted in this call */
  link: number;
}

export interface TcSourcesAnswer {
  /** in index order */
  links: readonly {
    /** interface name, 1 to 15 bytes */
    name: string;
    /** interface index */
    index: number;
  }[];
}

/** Adds a qdisc. An existing one at that place is an error. */
export interface TcQdiscRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** qdisc */
  kind: 'tbf' | 'ingress' | 'htb';
  /** tbf: bytes/s */
  rate?: number;
  /** tbf: bytes of queue */
  limit?: number;
  /** tbf: burst in µs at this rate */
  bufferUs?: number;
  /** htb: minor of the class for unclassified packets; 0, which is none, when absent */
  defaultClass?: number;
}

export type TcQdiscAnswer = LinkSetAnswer;

/** Adds an htb class below the root qdisc. */
export interface TcClassRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** class minor */
  minor: number;
  /** bytes/s */
  rate: number;
  /** bytes/s; rate when absent */
  ceil?: number;
  /** burst in µs at this rate; 0 when absent */
  bufferUs?: number;
}

export type TcClassAnswer = LinkSetAnswer;

/** Adds a u32 filter: everything, or one address range, redirected to a link or put into a class. */
export interface TcFilterRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** qdisc it hangs on */
  parent: 'ingress' | 'root';
  /** preference; 1 when absent */
  priority?: number;
  /** address with prefix length, host bits kept */
  src?: string;
  /** address with prefix length, host bits kept */
  dst?: string;
  /** a link handle the host has minted in this call */
  redirect?: number;
  /** class minor; 1 when absent */
  class?: number;
}

export type TcFilterAnswer = LinkSetAnswer;

/** Takes a qdisc of a link that is this attachment's away, with all below it. */
export interface TcDeleteRequest {
  /** a link handle the host has minted in this call */
  link: number;
  /** qdisc */
  kind: 'tbf' | 'ingress' | 'htb';
}

export type TcDeleteAnswer = LinkSetAnswer;

/** Reads a sysctl below net. `{link}` in the key is the name of the link. */
export interface SysctlGetRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** slash form, below net/ */
  key: string;
  /** a link handle the host has minted in this call */
  link?: number;
}

export interface SysctlGetAnswer {
  /** absent when the key does not exist */
  value?: string;
}

/** Says whether sysctls can be written, as they cannot where /proc/sys is mounted read-only. Writes none. */
export interface SysctlUsableRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
}

export type SysctlUsableAnswer = LinkUsableAnswer;

/** Writes a sysctl below net. DEL: only in the container. */
export interface SysctlSetRequest {
  /** which of the two namespaces; "container" when absent */
  ns?: 'host' | 'container';
  /** slash form, below net/ */
  key: string;
  /** a link handle the host has minted in this call */
  link?: number;
  /** value */
  value: string;
}

export type SysctlSetAnswer = LinkSetAnswer;

/** Says whether every key, as the configuration writes it, fits a pattern of the node's allow-list; without that file all do. */
export interface SysctlAllowedRequest {
  /** as configured */
  keys: string[];
}

export interface SysctlAllowedAnswer {
  /** the first key that fits none */
  refused?: string;
  /** of the file */
  patterns: readonly string[];
}

/** Deletes the conntrack entries of original destination ports: `dport`, `dports` or both. */
export interface ConntrackFlushRequest {
  /** family */
  family: 'ip' | 'ip6';
  /** protocol */
  proto: 'tcp' | 'udp' | 'sctp';
  /** original destination port */
  dport?: number;
  /** looked for in one pass */
  dports?: number[];
  /** IPv4 or IPv6 address */
  daddr?: string;
}

export interface ConntrackFlushAnswer {
  /** entries, when the kernel says how many */
  deleted?: number;
}

/** Says whether firewalld runs, and which of these sources are bound to the zone. Never starts it. */
export interface FirewalldQueryRequest {
  /** firewalld zone */
  zone: string;
  /** addresses of the attachment, as prefixes of all their bits */
  sources: string[];
}

export interface FirewalldQueryAnswer {
  /** the system bus answers */
  bus: boolean;
  /** its D-Bus name has an owner */
  running: boolean;
  /** why not */
  why?: string;
  /** those of the sources that are bound to the zone */
  bound: readonly string[];
}

/** Binds sources to a zone, as far as they are not. */
export type FirewalldAddRequest = FirewalldQueryRequest;

export type FirewalldAddAnswer = LinkSetAnswer;

/** Takes sources out of a zone; without firewalld there is nothing to do. */
export type FirewalldRemoveRequest = FirewalldQueryRequest;

export type FirewalldRemoveAnswer = LinkSetAnswer;

/** Reads an entry of the network's store. */
export interface StoreGetRequest {
  /** an entry's name */
  key: string;
}

export interface StoreGetAnswer {
  /** up to 4096 bytes */
  value?: string;
  /** 0 when absent */
  rev: number;
}

/** Lists entries, all or those with exactly this value. What does not fit into one message is asked for page by page. */
export interface StoreListRequest {
  /** up to 4096 bytes */
  value?: string;
  /** the last key of the page before */
  after?: string;
  /** entries */
  limit?: number;
}

export interface StoreListAnswer {
  /** by key */
  entries: readonly {
    /** an entry's name */
    key: string;
    /** up to 4096 bytes */
    value: string;
  }[];
}

/** Writes an entry; with `rev` only if its revision is still that (0: only if it is absent). */
export interface StorePutRequest {
  /** an entry's name */
  key: string;
  /** up to 4096 bytes */
  value: string;
  /** revision read before */
  rev?: number;
}

export interface StorePutAnswer {
  /** new revision */
  rev: number;
}

/** Deletes an entry, with `value` only if it holds that. */
export interface StoreDeleteRequest {
  /** an entry's name */
  key: string;
  /** up to 4096 bytes */
  value?: string;
}

export type StoreDeleteAnswer = LinkSetAnswer;

/** First address without entry, from `start` through the ranges in turn and around once. */
export interface StoreFirstFreeRequest {
  /** in order; gateways are skipped */
  ranges: {
    /** IPv4 or IPv6 address */
    start: string;
    /** IPv4 or IPv6 address */
    end: string;
    /** IPv4 or IPv6 address */
    gateway?: string;
  }[];
  /** the address handed out last */
  after?: string;
}

export interface StoreFirstFreeAnswer {
  /** IPv4 or IPv6 address */
  ip?: string;
  /** index of its range */
  range?: number;
}

/** Deletes the leases of attachments that GC does not list as valid; a lease's value is its container id, CR LF and interface, or the container id alone. */
export type StoreCollectRequest = LinkSetAnswer;

export interface StoreCollectAnswer {
  /** entries */
  deleted: number;
}

/** Reads the text of a file: the one whose path the operator wrote in the configuration under this key, or one that the node has for plugins. */
export interface ConfFileRequest {
  /** configuration key, or the file of the node */
  key: 'ipam.resolvConf' | 'node.podCidr';
}

export interface ConfFileAnswer {
  /** at most 64 KiB */
  text: string;
}

/** Runs the configuration's IPAM plugin, in its own sandbox when it is ours, else the program on CNI_PATH. */
export interface DelegateCallRequest {
  /** the verb that runs; no other */
  verb: 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC';
}

export interface DelegateCallAnswer {
  /** a CNI result in 1.1.0 form */
  result?: object;
}

export interface Requests {
  'link.get': LinkGetRequest;
  'link.list': LinkListRequest;
  'link.usable': LinkUsableRequest;
  'link.create': LinkCreateRequest;
  'link.set': LinkSetRequest;
  'link.delete': LinkDeleteRequest;
  'addr.list': AddrListRequest;
  'addr.add': AddrAddRequest;
  'addr.delete': AddrDeleteRequest;
  'addr.await': AddrAwaitRequest;
  'route.list': RouteListRequest;
  'route.add': RouteAddRequest;
  'route.delete': RouteDeleteRequest;
  'rule.list': RuleListRequest;
  'rule.add': RuleAddRequest;
  'rule.delete': RuleDeleteRequest;
  'neigh.list': NeighListRequest;
  'neigh.add': NeighAddRequest;
  'neigh.delete': NeighDeleteRequest;
  'nft.usable': NftUsableRequest;
  'nft.list': NftListRequest;
  'nft.check': NftCheckRequest;
  'nft.apply': NftApplyRequest;
  'iptables.usable': IptablesUsableRequest;
  'iptables.list': IptablesListRequest;
  'iptables.check': IptablesCheckRequest;
  'iptables.apply': IptablesApplyRequest;
  'tc.list': TcListRequest;
  'tc.sources': TcSourcesRequest;
  'tc.qdisc': TcQdiscRequest;
  'tc.class': TcClassRequest;
  'tc.filter': TcFilterRequest;
  'tc.delete': TcDeleteRequest;
  'sysctl.get': SysctlGetRequest;
  'sysctl.usable': SysctlUsableRequest;
  'sysctl.set': SysctlSetRequest;
  'sysctl.allowed': SysctlAllowedRequest;
  'conntrack.flush': ConntrackFlushRequest;
  'firewalld.query': FirewalldQueryRequest;
  'firewalld.add': FirewalldAddRequest;
  'firewalld.remove': FirewalldRemoveRequest;
  'store.get': StoreGetRequest;
  'store.list': StoreListRequest;
  'store.put': StorePutRequest;
  'store.delete': StoreDeleteRequest;
  'store.firstFree': StoreFirstFreeRequest;
  'store.collect': StoreCollectRequest;
  'conf.file': ConfFileRequest;
  'delegate.call': DelegateCallRequest;
}

export interface Answers {
  'link.get': LinkGetAnswer;
  'link.list': LinkListAnswer;
  'link.usable': LinkUsableAnswer;
  'link.create': LinkCreateAnswer;
  'link.set': LinkSetAnswer;
  'link.delete': LinkDeleteAnswer;
  'addr.list': AddrListAnswer;
  'addr.add': AddrAddAnswer;
  'addr.delete': AddrDeleteAnswer;
  'addr.await': AddrAwaitAnswer;
  'route.list': RouteListAnswer;
  'route.add': RouteAddAnswer;
  'route.delete': RouteDeleteAnswer;
  'rule.list': RuleListAnswer;
  'rule.add': RuleAddAnswer;
  'rule.delete': RuleDeleteAnswer;
  'neigh.list': NeighListAnswer;
  'neigh.add': NeighAddAnswer;
  'neigh.delete': NeighDeleteAnswer;
  'nft.usable': NftUsableAnswer;
  'nft.list': NftListAnswer;
  'nft.check': NftCheckAnswer;
  'nft.apply': NftApplyAnswer;
  'iptables.usable': IptablesUsableAnswer;
  'iptables.list': IptablesListAnswer;
  'iptables.check': IptablesCheckAnswer;
  'iptables.apply': IptablesApplyAnswer;
  'tc.list': TcListAnswer;
  'tc.sources': TcSourcesAnswer;
  'tc.qdisc': TcQdiscAnswer;
  'tc.class': TcClassAnswer;
  'tc.filter': TcFilterAnswer;
  'tc.delete': TcDeleteAnswer;
  'sysctl.get': SysctlGetAnswer;
  'sysctl.usable': SysctlUsableAnswer;
  'sysctl.set': SysctlSetAnswer;
  'sysctl.allowed': SysctlAllowedAnswer;
  'conntrack.flush': ConntrackFlushAnswer;
  'firewalld.query': FirewalldQueryAnswer;
  'firewalld.add': FirewalldAddAnswer;
  'firewalld.remove': FirewalldRemoveAnswer;
  'store.get': StoreGetAnswer;
  'store.list': StoreListAnswer;
  'store.put': StorePutAnswer;
  'store.delete': StoreDeleteAnswer;
  'store.firstFree': StoreFirstFreeAnswer;
  'store.collect': StoreCollectAnswer;
  'conf.file': ConfFileAnswer;
  'delegate.call': DelegateCallAnswer;
}
