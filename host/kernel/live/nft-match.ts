// One comparison of a loaded value as a criterion of the rule grammar.
// SPDX-License-Identifier: Apache-2.0

import { formatPrefix } from '../address.ts';
import { lengthOfMask } from '../prefix.ts';
import { protocolName } from '../protocols.ts';
import type { CtState, Family, Match, RuleFamily } from '../rule.ts';
import { macText } from './hardware-address.ts';
import {
  ADDRESSES, CT_STATE_BIT, DEVICE_NAME_SIZE, DPORT_OFFSET, EQUAL, ETHER_SADDR_OFFSET, IP_PROTOCOL_OFFSET, LINK_HEADER, META_KEY, NETWORK_HEADER, NOT_EQUAL,
  RTN_LOCAL, TRANSPORT_HEADER,
} from './nft-wire.ts';

/** What a register holds. */
export type Loaded =
  | { of: 'constant'; bytes: Buffer }
  | ({ mask?: Buffer; xor?: Buffer } & ({ of: 'payload'; base: number; offset: number; length: number } | { of: 'meta'; key: number } | { of: 'fib' } | { of: 'ctState' }));

/** What earlier expressions of the rule have made sure of. */
export interface Known {
  readonly table: RuleFamily;
  family: Family | undefined;
  /** the family was asked for on its own and no address has used it yet */
  needsFamily: boolean;
  proto?: string | undefined;
}

/** 'nothing' for a mere dependency, which later matches imply; undefined for what is outside the grammar. */
export function matchFrom(known: Known, from: Loaded | undefined, data: Buffer, op: number): Match | 'nothing' | undefined {
  if (!from || from.of === 'constant' || (op !== EQUAL && op !== NOT_EQUAL) || from.xor?.some((byte) => byte !== 0)) return undefined;
  const not = op === NOT_EQUAL ? { not: true } : {};
  switch (from.of) {
    case 'fib': return !from.mask && data.length === 4 && data.readUInt32LE(0) === RTN_LOCAL ? { dstType: 'local', ...not } : undefined;
    case 'ctState': return stateMatch(from.mask, data, op);
    case 'meta': return metaMatch(known, from.key, from.mask, data, not);
    case 'payload': break;
    default: return from satisfies never;
  }
  const { base, offset, length, mask } = from;
  if (isDport(from) && known.proto !== undefined && data.length === 2) return { proto: known.proto, dport: data.readUInt16BE(0), ...not };
  if (base === LINK_HEADER && known.table === 'bridge' && offset === ETHER_SADDR_OFFSET && length === 6 && !mask && data.length === 6) {
    return { ethSaddr: macText(data), ...not };
  }
  if (base === NETWORK_HEADER) {
    if (known.family === 'ip' && offset === IP_PROTOCOL_OFFSET && length === 1 && !mask) return protoMatch(known, data, not);
    return addressMatch(known, offset, length, mask, data, not);
  }
  return undefined;
}

export const isDport = (from: Loaded | undefined): boolean =>
  from?.of === 'payload' && from.base === TRANSPORT_HEADER && from.offset === DPORT_OFFSET && from.length === 2 && !from.mask;

function metaMatch(known: Known, key: number, mask: Buffer | undefined, data: Buffer, not: Match): Match | 'nothing' | undefined {
  if (key === META_KEY.MARK && data.length === 4 && (mask?.length ?? 4) === 4) return { mark: { value: data.readUInt32LE(0), mask: mask?.readUInt32LE(0) ?? 0xffffffff }, ...not };
  if (mask) return undefined;
  if (key === META_KEY.IIFNAME || key === META_KEY.OIFNAME) return nameMatch(key === META_KEY.IIFNAME ? 'iif' : 'oif', data, not);
  if (data.length !== 1) return undefined;
  if (key === META_KEY.L4PROTO) return protoMatch(known, data, not);
  const family = (['ip', 'ip6'] as const).find((name) => ADDRESSES[name].family === data[0]);
  if (key !== META_KEY.NFPROTO || known.table !== 'inet' || known.family || !family || not.not) return undefined;
  known.family = family;
  return 'nothing';
}

/** A comparison that does not reach the end of the name is one of a prefix. */
const nameMatch = (criterion: 'iif' | 'oif', data: Buffer, not: Match): Match | undefined =>
  data.length === DEVICE_NAME_SIZE || data.at(-1) === 0 ? { [criterion]: data.toString('latin1').replace(/\0+$/, ''), ...not } : undefined;

/** Only the question whether one of some bits is set; without a mask it is another. */
function stateMatch(mask: Buffer | undefined, data: Buffer, op: number): Match | undefined {
  if (mask?.length !== 4 || data.length !== 4 || data.readUInt32LE(0) !== 0) return undefined;
  const names = Object.keys(CT_STATE_BIT) as CtState[];
  const bits = mask.readUInt32LE(0);
  const ctState = names.filter((name) => bits & CT_STATE_BIT[name]);
  const known = ctState.reduce((sum, name) => sum | CT_STATE_BIT[name], 0);
  return known === bits ? { ctState, ...(op === EQUAL ? { not: true } : {}) } : undefined;
}

function protoMatch(known: Known, data: Buffer, not: Match): Match | undefined {
  const proto = protocolName(data[0]!);
  if (proto === undefined) return undefined;
  if (!not.not) known.proto = proto;
  return { proto, ...not };
}

/** A prefix is either a load of its bytes alone or a load of the whole address with a mask. */
function addressMatch(known: Known, offset: number, length: number, mask: Buffer | undefined, data: Buffer, not: Match): Match | undefined {
  const header = known.family && ADDRESSES[known.family];
  const field = header && (['saddr', 'daddr'] as const).find((name) => header[name] === offset);
  if (!header || !field || length > header.size || data.length !== length) return undefined;
  const bits = mask ? lengthOfMask(mask) : length * 8;
  // Bits beside the mask: a comparison that never holds.
  if (bits === undefined || mask?.some((byte, i) => (data[i]! & ~byte) !== 0)) return undefined;
  known.needsFamily = false;
  const address = Buffer.alloc(header.size);
  address.set(data);
  return { [field]: formatPrefix(address, bits), ...not };
}
