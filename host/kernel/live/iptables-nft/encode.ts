// A rule as the expressions that iptables-nft writes for the line we would give it, one by one and in its order.
// SPDX-License-Identifier: Apache-2.0

import { normalRule } from '../../normal-rule.ts';
import { protocolNumber } from '../../protocols.ts';
import type { Action, Family, Match, Rule } from '../../rule.ts';
import type { Body } from '../attributes.ts';
import { addressIs, compare, decide, expression, loadMeta, loadPayload, mask, u16be, u32, type Write } from '../nft-expressions.ts';
import {
  COUNTER, DPORT_OFFSET, EQUAL, EXTENSION, IP_PROTOCOL_OFFSET, META_KEY, NETWORK_HEADER, NOT_EQUAL, RULE_COMPAT, RULE_COMPAT_INVERTED, TRANSPORT_HEADER, VERDICT_CODE,
} from '../nft-wire.ts';
import type { Dialect } from './dialect.ts';
import { commentExtension, matchExtension, targetExtension, type Extension } from './extensions.ts';

export interface EncodedIptablesRule {
  /** NFTA_RULE_EXPRESSIONS */
  fill(list: Body): void;
  /** NFTA_RULE_COMPAT: the protocol, which extensions ask for */
  compat(body: Body): void;
}

const ALL = 0xffffffff;
/** Ports of these are compared in the header, those of others by an extension. */
const PLAIN_PORTS = ['tcp', 'udp'];

/** Undefined for a rule whose encoding we do not know; iptables must write it. */
export function encodeIptablesRule(family: Family, rule: Rule, dialect: Dialect): EncodedIptablesRule | undefined {
  const { match, action, comment } = normalRule(family, rule);
  const matches = match.map(encodeMatch);
  const isKnown = match.filter(({ dport, dports }) => dport !== undefined || dports).length <= 1 && !match.some(({ saddr, daddr }) => /\/0$/.test(saddr ?? daddr ?? ''));
  if (!isKnown || matches.includes(undefined)) return undefined;
  const parts = [
    ...inHeaders(family, match, dialect),
    ...(comment === undefined ? [] : [extension('match', commentExtension(comment))]),
    ...matches.flatMap((writes) => writes!),
    counter,
    encodeAction(family, action),
  ];
  const { proto, not } = protocolOf(match) ?? {};
  return {
    fill: (list) => parts.forEach((write) => write(list)),
    compat: (body) => void body.be32(RULE_COMPAT.PROTOCOL, proto === undefined ? 0 : protocolNumber(proto)).be32(RULE_COMPAT.FLAGS, not ? RULE_COMPAT_INVERTED : 0),
  };
}

/** What iptables takes as options of its own and not of an extension. */
function inHeaders(family: Family, match: readonly Match[], { addressesFirst, protocolInHeader }: Dialect): Write[] {
  const each = <K extends keyof Match>(key: K, writes: (value: NonNullable<Match[K]>, op: number) => Write[]): Write[] =>
    match.flatMap((one) => (one[key] === undefined ? [] : writes(one[key] as NonNullable<Match[K]>, operator(one))));
  const addresses = [...each('saddr', (prefix, op) => addressIs('saddr', prefix, op)), ...each('daddr', (prefix, op) => addressIs('daddr', prefix, op))];
  const protocol = protocolOf(match);
  const rest = [
    ...each('iif', (name, op) => [loadMeta(META_KEY.IIFNAME), compare(op, deviceName(name))]),
    ...each('oif', (name, op) => [loadMeta(META_KEY.OIFNAME), compare(op, deviceName(name))]),
    ...(protocol ? [
      family === 'ip' && protocolInHeader ? loadPayload(NETWORK_HEADER, IP_PROTOCOL_OFFSET, 1) : loadMeta(META_KEY.L4PROTO),
      compare(operator(protocol), Uint8Array.of(protocolNumber(protocol.proto))),
    ] : []),
  ];
  return addressesFirst ? [...addresses, ...rest] : [...rest, ...addresses];
}

const operator = ({ not }: { not?: boolean }): number => (not ? NOT_EQUAL : EQUAL);

/** A port that is inverted is one of the protocol all the same. */
function protocolOf(match: readonly Match[]): { proto: string; not?: boolean } | undefined {
  const first = match.find(({ proto }) => proto !== undefined);
  return first && { proto: first.proto!, ...(first.not && first.dport === undefined && !first.dports ? { not: true } : {}) };
}

/** Nothing for what stands in the headers; undefined for what we cannot say. */
function encodeMatch(match: Match): Write[] | undefined {
  const { dport, dports, proto, mark, dstType, ctState, raw } = match;
  if (raw) return undefined;
  if (dport !== undefined && PLAIN_PORTS.includes(proto!)) return [loadPayload(TRANSPORT_HEADER, DPORT_OFFSET, 2), compare(operator(match), u16be(dport))];
  if (mark) return [loadMeta(META_KEY.MARK), ...(mark.mask === ALL ? [] : [mask(u32(mark.mask))]), compare(operator(match), u32(mark.value))];
  if (dport === undefined && !dports && !dstType && !ctState) return [];
  const found = matchExtension(match);
  return found && [extension('match', found)];
}

function encodeAction(family: Family, action: Action): Write {
  const { verdict, jump, goto: go } = action;
  if (verdict) return decide(VERDICT_CODE[verdict]);
  if (jump !== undefined) return decide(VERDICT_CODE.jump, jump);
  if (go !== undefined) return decide(VERDICT_CODE.goto, go);
  return extension('target', targetExtension(family, action)!);
}

const extension = (kind: 'match' | 'target', { name, revision, data }: Extension): Write =>
  expression(kind, (body) => void body.text(EXTENSION.NAME, name).be32(EXTENSION.REVISION, revision).attribute(EXTENSION.DATA, data));

const counter: Write = expression('counter', (body) => void body.be64(COUNTER.BYTES, 0n).be64(COUNTER.PACKETS, 0n));

/** With the zero at its end, and not those behind it as nft has them. */
const deviceName = (name: string): Buffer => Buffer.from(`${name}\0`);
