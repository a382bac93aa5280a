// The x_tables extensions of our rules as iptables fills in their data (linux/netfilter/xt_*.h), and back.
// SPDX-License-Identifier: Apache-2.0

import { formatAddress, parseAddress } from '../../address.ts';
import type { Action, CtState, Family, Match } from '../../rule.ts';

/** What of a rule is written as an extension. */
export interface Extension { name: string; revision: number; data: Buffer }

/** bytes, with the zero that ends it: XT_MAX_COMMENT_LEN */
const COMMENT_SIZE = 256;
const LOCAL = 1 << 2;
/** XT_ADDRTYPE_INVERT_DEST */
const INVERT_DESTINATION = 2;
/** XT_MULTIPORT_DESTINATION; where its count, ports and the inversion stand; XT_MULTI_PORTS */
const MULTIPORT = { SIZE: 48, DESTINATION: 1, COUNT: 1, PORTS: 2, INVERT: 47, MOST: 15 };
/** struct xt_conntrack_mtinfo3, as far as it is about states */
const CONNTRACK = { SIZE: 168, MATCH: 146, INVERT: 148, STATES: 150, STATE: 1 };
/** XT_CONNTRACK_STATE_BIT() and the two that are no bits of a state */
const STATE_BIT: Readonly<Record<CtState, number>> = { invalid: 1, established: 2, related: 4, new: 8, untracked: 0x100 };
/** struct xt_sctp_info: its destination ports are first; the types of four unused chunk flags are 0xff */
const SCTP = { SIZE: 296, CHUNK_FLAGS: 268, CHUNK_FLAG_SIZE: 3, CHUNK_FLAG_COUNT: 4, FLAGS: 284, INVERT: 288, DESTINATION: 2 };
/** struct nf_nat_range2 */
const RANGE = { SIZE: 48, FROM: 4, TO: 20, FIRST_PORT: 36, LAST_PORT: 38, ADDRESS: 1, PORT: 2 };
/** struct nf_nat_ipv4_multi_range_compat, of one range, and struct nf_nat_range */
const MASQUERADE_SIZE: Readonly<Record<Family, number>> = { ip: 24, ip6: 40 };

export function commentExtension(comment: string): Extension {
  const data = Buffer.alloc(COMMENT_SIZE);
  data.write(comment);
  return { name: 'comment', revision: 0, data };
}

/** Undefined for what is no extension, or one that iptables shall write itself. */
export function matchExtension({ dport, dports, proto, dstType, ctState, not = false }: Match): Extension | undefined {
  if (dports && dports.length <= MULTIPORT.MOST) return { name: 'multiport', revision: 1, data: multiport(dports, not) };
  if (dstType) return { name: 'addrtype', revision: 1, data: addressType(not) };
  if (ctState) return { name: 'conntrack', revision: 3, data: states(ctState, not) };
  if (dport !== undefined && proto === 'sctp') return { name: 'sctp', revision: 0, data: sctp(dport, not) };
  return undefined;
}

export function targetExtension(family: Family, { masquerade, dnat, setMark }: Action): Extension | undefined {
  if (masquerade) return { name: 'MASQUERADE', revision: 0, data: masquerading(family) };
  if (dnat) return { name: 'DNAT', revision: 2, data: destination(dnat) };
  if (setMark) return { name: 'MARK', revision: 2, data: Buffer.from(Uint32Array.of(setMark.value, setMark.mask).buffer) };
  return undefined;
}

/** What matchExtension would have made it from, if that was us; the caller makes sure of it by doing so. */
export function matchOf({ name, data }: Extension, proto: string | undefined): Match | undefined {
  switch (name) {
    case 'multiport': return data.length === MULTIPORT.SIZE && proto !== undefined ? { proto, dports: portsIn(data), ...inverted(data[MULTIPORT.INVERT]!) } : undefined;
    case 'addrtype': return data.length === 8 ? { dstType: 'local', ...inverted(data.readUInt32LE(4)) } : undefined;
    case 'conntrack': return data.length === CONNTRACK.SIZE ? { ctState: statesIn(data.readUInt16LE(CONNTRACK.STATES)), ...inverted(data.readUInt16LE(CONNTRACK.INVERT)) } : undefined;
    case 'sctp': return data.length === SCTP.SIZE && proto === 'sctp' ? { proto, dport: data.readUInt16LE(0), ...inverted(data.readUInt32LE(SCTP.INVERT)) } : undefined;
    default: return undefined;
  }
}

export function actionOf(family: Family, { name, data }: Extension): Action | undefined {
  switch (name) {
    case 'MASQUERADE': return { masquerade: true };
    case 'MARK': return data.length === 8 ? { setMark: { value: data.readUInt32LE(0), mask: data.readUInt32LE(4) } } : undefined;
    case 'DNAT': return data.length === RANGE.SIZE ? { dnat: destinationIn(family, data) } : undefined;
    default: return undefined;
  }
}

const inverted = (flags: number): { not?: true } => (flags === 0 ? {} : { not: true });

/** Its ports are in the machine's byte order. */
function multiport(ports: readonly number[], not: boolean): Buffer {
  const data = Buffer.alloc(MULTIPORT.SIZE);
  data[0] = MULTIPORT.DESTINATION;
  data[MULTIPORT.COUNT] = ports.length;
  ports.forEach((port, i) => data.writeUInt16LE(port, MULTIPORT.PORTS + 2 * i));
  data[MULTIPORT.INVERT] = Number(not);
  return data;
}

const portsIn = (data: Buffer): number[] => Array.from({ length: Math.min(data[MULTIPORT.COUNT]!, MULTIPORT.MOST) }, (_, i) => data.readUInt16LE(MULTIPORT.PORTS + 2 * i));

function addressType(not: boolean): Buffer {
  const data = Buffer.alloc(8);
  data.writeUInt16LE(LOCAL, 2);
  data.writeUInt32LE(not ? INVERT_DESTINATION : 0, 4);
  return data;
}

function states(wanted: readonly CtState[], not: boolean): Buffer {
  const data = Buffer.alloc(CONNTRACK.SIZE);
  data.writeUInt16LE(CONNTRACK.STATE, CONNTRACK.MATCH);
  data.writeUInt16LE(not ? CONNTRACK.STATE : 0, CONNTRACK.INVERT);
  data.writeUInt16LE(wanted.reduce((bits, state) => bits | STATE_BIT[state], 0), CONNTRACK.STATES);
  return data;
}

const statesIn = (bits: number): CtState[] => (Object.keys(STATE_BIT) as CtState[]).filter((state) => bits & STATE_BIT[state]);

/** A range of one port. */
function sctp(port: number, not: boolean): Buffer {
  const data = Buffer.alloc(SCTP.SIZE);
  data.writeUInt16LE(port, 0);
  data.writeUInt16LE(port, 2);
  for (let i = 0; i < SCTP.CHUNK_FLAG_COUNT; i++) data[SCTP.CHUNK_FLAGS + i * SCTP.CHUNK_FLAG_SIZE] = 0xff;
  data.writeUInt32LE(SCTP.DESTINATION, SCTP.FLAGS);
  data.writeUInt32LE(not ? SCTP.DESTINATION : 0, SCTP.INVERT);
  return data;
}

function masquerading(family: Family): Buffer {
  const data = Buffer.alloc(MASQUERADE_SIZE[family]);
  if (family === 'ip') data.writeUInt32LE(1, 0);
  return data;
}

function destination({ to, port }: { to: string; port?: number }): Buffer {
  const data = Buffer.alloc(RANGE.SIZE);
  const { bytes } = parseAddress(to);
  data.writeUInt32LE(RANGE.ADDRESS | (port === undefined ? 0 : RANGE.PORT), 0);
  data.set(bytes, RANGE.FROM);
  data.set(bytes, RANGE.TO);
  data.writeUInt16BE(port ?? 0, RANGE.FIRST_PORT);
  data.writeUInt16BE(port ?? 0, RANGE.LAST_PORT);
  return data;
}

function destinationIn(family: Family, data: Buffer): { to: string; port?: number } {
  const to = formatAddress(data.subarray(RANGE.FROM, RANGE.FROM + (family === 'ip' ? 4 : 16)));
  return { to, ...(data.readUInt32LE(0) & RANGE.PORT ? { port: data.readUInt16BE(RANGE.FIRST_PORT) } : {}) };
}
