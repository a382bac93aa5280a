// A rule as nf_tables expressions: the ones the nft program would write, so that it lists the rule in its natural syntax.
// SPDX-License-Identifier: Apache-2.0

import { parseAddress } from '../address.ts';
import { familyOfPrefix, normalRule } from '../normal-rule.ts';
import { maskOf, readPrefix } from '../prefix.ts';
import { protocolNumber } from '../protocols.ts';
import type { Action, Family, Mark, Match, Rule, RuleFamily } from '../rule.ts';
import { Body } from './attributes.ts';
import {
  ADDRESSES, BITWISE, CMP, DATA, DPORT_OFFSET, EQUAL, EXPRESSION, FIB, FIB_ADDRESS_TYPE, FIB_OF_DESTINATION, IMMEDIATE, LIST_ELEMENT, LOOKUP,
  LOOKUP_INVERTED, META, META_KEY, NAT, NAT_DESTINATION, NAT_RANGE, NETWORK_HEADER, NOT_EQUAL, PAYLOAD, REGISTER_VERDICT, RTN_LOCAL, TRANSPORT_HEADER,
  VERDICT, VERDICT_CODE,
} from './nft-wire.ts';

/** An anonymous set of ports that a rule looks up; it is made in the same transaction. */
export interface PortSet { id: number; name: string; ports: readonly number[] }
export interface EncodedRule { /** NFTA_RULE_EXPRESSIONS */ fill: (list: Body) => void; sets: PortSet[] }

type Write = (list: Body) => void;

const REGISTER = 1;
const SECOND_REGISTER = 2;
const ALL = 0xffffffff;

/** `nextSetId` must be unique within the transaction. */
export function encodeRule(family: RuleFamily, rule: Rule, nextSetId: () => number): EncodedRule {
  const { match, action } = normalRule(family, rule);
  const sets: PortSet[] = [];
  const known: Dependencies = { family: family !== 'inet', proto: undefined };
  const parts = match.flatMap((one): Write[] => {
    if (one.dports) sets.push({ id: nextSetId(), name: '__set%d', ports: one.dports });
    return encodeMatch(one, known, sets.at(-1));
  });
  return { sets, fill: (list) => [...parts, ...encodeAction(action)].forEach((write) => write(list)) };
}

/** What earlier expressions of the rule have made sure of already. */
interface Dependencies { family: boolean; proto: string | undefined }

function encodeMatch({ saddr, daddr, proto, dport, dports, dstType, mark, not }: Match, known: Dependencies, set: PortSet | undefined): Write[] {
  const op = not ? NOT_EQUAL : EQUAL;
  if (saddr !== undefined) return encodeAddress('saddr', saddr, op, known);
  if (daddr !== undefined) return encodeAddress('daddr', daddr, op, known);
  if (dstType !== undefined) return [fibType, compare(op, u32(RTN_LOCAL))];
  if (mark) return [loadMeta(META_KEY.MARK), ...(mark.mask === ALL ? [] : [mask(u32(mark.mask))]), compare(op, u32(mark.value))];
  if (dport === undefined && !dports) return [loadMeta(META_KEY.L4PROTO), compare(op, Uint8Array.of(protocolNumber(proto!)))];
  const dependency = known.proto === proto ? [] : [loadMeta(META_KEY.L4PROTO), compare(EQUAL, Uint8Array.of(protocolNumber(proto!)))];
  known.proto = proto;
  const load = loadPayload(TRANSPORT_HEADER, DPORT_OFFSET, 2);
  return dport === undefined ? [...dependency, load, lookUp(set!, not ?? false)] : [...dependency, load, compare(op, u16be(dport))];
}

/** A prefix of whole bytes is a shorter load, as nft folds it; any other needs its mask. */
function encodeAddress(field: 'saddr' | 'daddr', text: string, op: number, known: Dependencies): Write[] {
  const { bytes, length } = readPrefix(text);
  const header = ADDRESSES[familyOfPrefix(text)];
  const dependency = known.family ? [] : [loadMeta(META_KEY.NFPROTO), compare(EQUAL, Uint8Array.of(header.family))];
  known.family = true;
  if (length > 0 && length % 8 === 0) {
    return [...dependency, loadPayload(NETWORK_HEADER, header[field], length / 8), compare(op, bytes.subarray(0, length / 8))];
  }
  return [...dependency, loadPayload(NETWORK_HEADER, header[field], header.size), mask(maskOf(header.size, length)), compare(op, bytes)];
}

function encodeAction({ verdict, jump, goto: go, masquerade, dnat, setMark }: Action): Write[] {
  if (verdict) return [decide(VERDICT_CODE[verdict])];
  if (jump !== undefined) return [decide(VERDICT_CODE.jump, jump)];
  if (go !== undefined) return [decide(VERDICT_CODE.goto, go)];
  if (masquerade) return [expression('masq', () => undefined)];
  return dnat ? encodeDnat(dnat) : encodeSetMark(setMark!);
}

function encodeDnat({ to, port }: { to: string; port?: number }): Write[] {
  const family: Family = familyOfPrefix(to);
  return [
    constant(REGISTER, parseAddress(to).bytes),
    ...(port === undefined ? [] : [constant(SECOND_REGISTER, u16be(port))]),
    expression('nat', (data) => {
      data.be32(NAT.TYPE, NAT_DESTINATION).be32(NAT.FAMILY, ADDRESSES[family].family).be32(NAT.ADDRESS_MIN, REGISTER);
      if (port !== undefined) data.be32(NAT.PORT_MIN, SECOND_REGISTER).be32(NAT.FLAGS, NAT_RANGE.PORT);
    }),
  ];
}

/** New mark = (mark AND NOT mask) XOR value, the meaning of iptables' --set-xmark. */
function encodeSetMark({ value, mask: bits }: Mark): Write[] {
  const store = expression('meta', (data) => void data.be32(META.KEY, META_KEY.MARK).be32(META.SREG, REGISTER));
  return bits === ALL ? [constant(REGISTER, u32(value)), store] : [loadMeta(META_KEY.MARK), mask(u32(~bits), u32(value)), store];
}

const expression = (name: string, fill: (data: Body) => void): Write => (list) =>
  void list.nest(LIST_ELEMENT, (element) => void element.text(EXPRESSION.NAME, name).nest(EXPRESSION.DATA, fill));

const value = (body: Body, type: number, bytes: Uint8Array): Body => body.nest(type, (data) => void data.attribute(DATA.VALUE, bytes));

const loadMeta = (key: number): Write => expression('meta', (data) => void data.be32(META.KEY, key).be32(META.DREG, REGISTER));

const loadPayload = (base: number, offset: number, length: number): Write => expression('payload', (data) =>
  void data.be32(PAYLOAD.DREG, REGISTER).be32(PAYLOAD.BASE, base).be32(PAYLOAD.OFFSET, offset).be32(PAYLOAD.LENGTH, length));

const fibType: Write = expression('fib', (data) =>
  void data.be32(FIB.DREG, REGISTER).be32(FIB.RESULT, FIB_ADDRESS_TYPE).be32(FIB.FLAGS, FIB_OF_DESTINATION));

const compare = (op: number, bytes: Uint8Array): Write => expression('cmp', (data) =>
  void value(data.be32(CMP.SREG, REGISTER).be32(CMP.OP, op), CMP.DATA, bytes));

function mask(bits: Uint8Array, xor: Uint8Array = new Uint8Array(bits.length)): Write {
  return expression('bitwise', (data) => {
    data.be32(BITWISE.SREG, REGISTER).be32(BITWISE.DREG, REGISTER).be32(BITWISE.LENGTH, bits.length);
    value(value(data, BITWISE.MASK, bits), BITWISE.XOR, xor);
  });
}

const lookUp = ({ name, id }: PortSet, inverted: boolean): Write => expression('lookup', (data) => {
  data.be32(LOOKUP.SREG, REGISTER).text(LOOKUP.SET, name).be32(LOOKUP.SET_ID, id);
  if (inverted) data.be32(LOOKUP.FLAGS, LOOKUP_INVERTED);
});

const constant = (register: number, bytes: Uint8Array): Write => expression('immediate', (data) => void value(data.be32(IMMEDIATE.DREG, register), IMMEDIATE.DATA, bytes));

const decide = (code: number, chain?: string): Write => expression('immediate', (data) =>
  void data.be32(IMMEDIATE.DREG, REGISTER_VERDICT).nest(IMMEDIATE.DATA, (inner) => void inner.nest(DATA.VERDICT, (verdict) => {
    verdict.be32(VERDICT.CODE, code);
    if (chain !== undefined) verdict.text(VERDICT.CHAIN, chain);
  })));

/** Registers hold marks and types in the machine's byte order, packet fields in the network's. */
const u32 = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);
const u16be = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff);
