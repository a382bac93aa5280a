// Numbers of nf_tables over nfnetlink (linux/netfilter/nf_tables.h, nfnetlink.h), as far as the rule grammar needs them.
// SPDX-License-Identifier: Apache-2.0

import type { CtState, RuleFamily } from '../rule.ts';

export const SUBSYSTEM = 10;
export const BATCH_BEGIN = 0x10;
export const BATCH_END = 0x11;

export const MSG = {
  NEWTABLE: 0, GETTABLE: 1, DELTABLE: 2, NEWCHAIN: 3, GETCHAIN: 4, DELCHAIN: 5, NEWRULE: 6, GETRULE: 7, DELRULE: 8,
  NEWSET: 9, DELSET: 11, NEWSETELEM: 12, GETSETELEM: 13, DELSETELEM: 14, NEWGEN: 15, GETGEN: 16,
  NEWOBJ: 18, DELOBJ: 20, NEWFLOWTABLE: 22, DELFLOWTABLE: 24,
  DESTROYTABLE: 26, DESTROYCHAIN: 27, DESTROYRULE: 28, DESTROYSET: 29, DESTROYSETELEM: 30, DESTROYOBJ: 31, DESTROYFLOWTABLE: 32,
} as const;

export const FAMILY: Readonly<Record<RuleFamily, number>> = { inet: 1, ip: 2, bridge: 7, ip6: 10 };

/** bytes of struct nfgenmsg (linux/netfilter/nfnetlink.h) */
export const NFGENMSG = 4;
/** family, version 0, resource id in network order: what the kernel says there is the generation of its rule set */
export const nfgenmsg = (family: number, resource = 0): Buffer => Buffer.from([family, 0, resource >> 8, resource & 0xff]);

export const TABLE = { NAME: 1, USERDATA: 6 } as const;
export const CHAIN = { TABLE: 1, HANDLE: 2, NAME: 3, HOOK: 4, POLICY: 5, USE: 6, TYPE: 7, COUNTERS: 8, USERDATA: 12 } as const;
export const HOOK = { NUMBER: 1, PRIORITY: 2 } as const;
export const RULE = { TABLE: 1, CHAIN: 2, HANDLE: 3, EXPRESSIONS: 4, COMPAT: 5, POSITION: 6, USERDATA: 7 } as const;
export const RULE_COMPAT = { PROTOCOL: 1, FLAGS: 2 } as const;
export const RULE_COMPAT_INVERTED = 2;
export const GENERATION_ID = 1;
export const BATCH_GENERATION = 1;
export const SET = { TABLE: 1, NAME: 2, FLAGS: 3, KEY_TYPE: 4, KEY_LENGTH: 5, DESCRIPTION: 9, ID: 10, USERDATA: 13 } as const;
export const SET_FLAG = { ANONYMOUS: 1, CONSTANT: 2 } as const;
export const SET_SIZE = 1;
export const ELEMENTS = { TABLE: 1, SET: 2, LIST: 3, SET_ID: 4 } as const;
export const ELEMENT_KEY = 1;
export const LIST_ELEMENT = 1;

/** NF_INET_* of linux/netfilter.h, and NF_BR_* of linux/netfilter_bridge.h alike */
export const HOOK_NUMBER: Readonly<Record<string, number>> = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 };

export const EXPRESSION = { NAME: 1, DATA: 2 } as const;
export const DATA = { VALUE: 1, VERDICT: 2 } as const;
export const PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LENGTH: 4 } as const;
export const CMP = { SREG: 1, OP: 2, DATA: 3 } as const;
export const BITWISE = { SREG: 1, DREG: 2, LENGTH: 3, MASK: 4, XOR: 5, OP: 6 } as const;
/** (value AND mask) XOR bits; kernels before 5.6 know no other and pass the number over */
export const BITWISE_MASK_XOR = 0;
export const META = { DREG: 1, KEY: 2, SREG: 3 } as const;
export const CT = { DREG: 1, KEY: 2 } as const;
export const IMMEDIATE = { DREG: 1, DATA: 2 } as const;
export const FIB = { DREG: 1, RESULT: 2, FLAGS: 3 } as const;
/** An extension of x_tables: its name, the revision of its data, the data itself. Of matches and targets alike. */
export const EXTENSION = { NAME: 1, REVISION: 2, DATA: 3 } as const;
export const COUNTER = { BYTES: 1, PACKETS: 2 } as const;
export const LOOKUP = { SET: 1, SREG: 2, DREG: 3, SET_ID: 4, FLAGS: 5 } as const;
export const NAT = { TYPE: 1, FAMILY: 2, ADDRESS_MIN: 3, ADDRESS_MAX: 4, PORT_MIN: 5, PORT_MAX: 6, FLAGS: 7 } as const;
export const VERDICT = { CODE: 1, CHAIN: 2 } as const;

export const REGISTER_VERDICT = 0;
export const LINK_HEADER = 0;
export const NETWORK_HEADER = 1;
export const TRANSPORT_HEADER = 2;
export const EQUAL = 0;
export const NOT_EQUAL = 1;
export const META_KEY = { MARK: 3, IIFNAME: 6, OIFNAME: 7, NFPROTO: 15, L4PROTO: 16 } as const;
export const FIB_ADDRESS_TYPE = 3;
export const FIB_OF_DESTINATION = 2;
export const RTN_LOCAL = 2;
/** NF_CT_STATE_BIT() of linux/netfilter/nf_conntrack_common.h */
export const CT_STATE_KEY = 0;
export const CT_STATE_BIT: Readonly<Record<CtState, number>> = { invalid: 1, established: 2, related: 4, new: 8, untracked: 0x40 };
export const LOOKUP_INVERTED = 1;
export const NAT_DESTINATION = 1;
export const NAT_RANGE = { ADDRESS: 1, PORT: 2 } as const;

/** Of the verdict register; jump and goto name a chain. */
export const VERDICT_CODE = { drop: 0, accept: 1, jump: -3, goto: -4, return: -5 } as const;

/** Where a header has its addresses and its protocol. */
export const ADDRESSES = { ip: { family: 2, saddr: 12, daddr: 16, size: 4 }, ip6: { family: 10, saddr: 8, daddr: 24, size: 16 } } as const;
export const IP_PROTOCOL_OFFSET = 9;
export const DPORT_OFFSET = 2;
export const ETHER_SADDR_OFFSET = 6;
/** IFNAMSIZ: names are compared with the zeros behind them */
export const DEVICE_NAME_SIZE = 16;

/** Of a comment among the type-length-value user data of tables, chains and rules alike (nft's own convention). */
export const USERDATA_COMMENT = 0;
