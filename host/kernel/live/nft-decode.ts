// nf_tables expressions back to a rule, however nft or we wrote them; anything outside the grammar makes the rule someone else's.
// SPDX-License-Identifier: Apache-2.0

import { formatAddress } from '../address.ts';
import { inGrammar } from '../normal-rule.ts';
import type { Action, Match, Rule, RuleFamily } from '../rule.ts';
import { attributesOf, beOf, eachAttribute, listAttributes, payloadAt, textOf, type Attributes } from './attributes.ts';
import { isDport, matchFrom, type Known, type Loaded } from './nft-match.ts';
import {
  ADDRESSES, BITWISE, CMP, CT, CT_STATE_KEY, DATA, DPORT_OFFSET, EQUAL, EXPRESSION, FIB, FIB_ADDRESS_TYPE, FIB_OF_DESTINATION, IMMEDIATE, LOOKUP, LOOKUP_INVERTED, META, META_KEY, NAT, NAT_DESTINATION,
  NAT_RANGE, NETWORK_HEADER, PAYLOAD, REGISTER_VERDICT, TRANSPORT_HEADER, VERDICT, VERDICT_CODE,
} from './nft-wire.ts';

/** The ports of an anonymous set by its name. */
export type PortsOf = (set: string) => readonly number[] | undefined;

/** What an expression says that nft itself would not write. */
export interface Extended { match?: Match; action?: Action }
type Extend = (name: string, data: Attributes, proto: string | undefined) => Extended | undefined;

interface State extends Known { registers: Map<number, Loaded>; matches: Match[]; action?: Action }

const stateFor = (family: RuleFamily): State =>
  ({ table: family, family: family === 'inet' || family === 'bridge' ? undefined : family, needsFamily: family === 'inet', registers: new Map(), matches: [] });

/** `expressions` is the payload of NFTA_RULE_EXPRESSIONS; `extend` is asked about those outside nft's own. */
export function decodeRule(family: RuleFamily, expressions: Buffer, comment: string | undefined, portsOf: PortsOf, extend: Extend = () => undefined): Rule | undefined {
  const state = stateFor(family);
  for (const { payload } of listAttributes(expressions)) {
    const element = attributesOf(payload);
    // Nothing of the grammar comes after the action.
    const [name, data] = [textOf(element.get(EXPRESSION.NAME)), attributesOf(element.get(EXPRESSION.DATA))];
    if (state.action || !(take(state, name, data, portsOf) || takeExtended(state, extend(name, data, state.proto)))) return undefined;
  }
  // A family that was asked for and then not used for an address is a condition we cannot say.
  if (!state.action || (family === 'inet' && state.family && state.needsFamily)) return undefined;
  return inGrammar(family, { match: state.matches, action: state.action, ...(comment === undefined ? {} : { comment }) });
}

/** What of a rule is in the grammar when not all of it is: its matches and its action. Undefined when it has no such action. */
export function knownOf(family: RuleFamily, expressions: Buffer, portsOf: PortsOf): Pick<Rule, 'match' | 'action'> | undefined {
  const state = stateFor(family);
  for (const { payload } of listAttributes(expressions)) {
    const element = attributesOf(payload);
    const [name, data] = [textOf(element.get(EXPRESSION.NAME)), attributesOf(element.get(EXPRESSION.DATA))];
    if (state.action) return undefined;
    if (name === 'cmp') takePieces(state, data);
    // It may have written to any register.
    else if (!take(state, name, data, portsOf)) state.registers.clear();
  }
  const rules = state.matches.flatMap((match) => inGrammar(family, { match: [match], action: { verdict: 'accept' } })?.match ?? []);
  return state.action && { match: rules, action: state.action };
}

/** nft merges comparisons of fields that lie side by side, as a source and a destination port do. */
function takePieces(state: State, data: Attributes): void {
  const [from, value, op] = [state.registers.get(number(data, CMP.SREG)), bytes(data, CMP.DATA), number(data, CMP.OP)];
  const isMerged = from?.of === 'payload' && !from.mask && op === EQUAL && value.length === from.length;
  const pieces = isMerged ? FIELDS.filter(({ base, offset, length }) => base === from.base && offset >= from.offset && offset + length <= from.offset + from.length) : [];
  const matches = pieces.length === 0 || from?.of !== 'payload' ? [matchFrom(state, from, value, op)]
    : pieces.map((piece) => matchFrom(state, { of: 'payload', ...piece }, value.subarray(piece.offset - from.offset, piece.offset - from.offset + piece.length), op));
  state.matches.push(...matches.flatMap((match) => (match && match !== 'nothing' ? match : [])));
}

const FIELDS = [
  { base: TRANSPORT_HEADER, offset: DPORT_OFFSET, length: 2 },
  ...Object.values(ADDRESSES).flatMap(({ saddr, daddr, size }) => [saddr, daddr].map((offset) => ({ base: NETWORK_HEADER, offset, length: size }))),
];

/** The chain that an expression of the rule jumps or goes to. */
export function jumpOf(expressions: Buffer): string | undefined {
  let chain: string | undefined;
  eachAttribute(expressions, (_, at) => {
    if (chain === undefined && mayBeImmediate(expressions, at)) chain = chainOfVerdict(payloadAt(expressions, at));
  });
  return chain;
}

/** Asked of every expression of every rule; the kernel writes the name first. */
const mayBeImmediate = (data: Buffer, at: number): boolean => data[at + 6] !== EXPRESSION.NAME || data[at + 8] === FIRST_OF_IMMEDIATE;
const FIRST_OF_IMMEDIATE = 'i'.charCodeAt(0);

function chainOfVerdict(expression: Buffer): string | undefined {
  const element = attributesOf(expression);
  if (textOf(element.get(EXPRESSION.NAME)) !== 'immediate') return undefined;
  const verdict = attributesOf(attributesOf(attributesOf(element.get(EXPRESSION.DATA)).get(IMMEDIATE.DATA)).get(DATA.VERDICT));
  const chain = verdict.get(VERDICT.CHAIN);
  return chain && textOf(chain);
}

/** False for what is outside the grammar. */
function take(state: State, name: string, data: Attributes, portsOf: PortsOf): boolean {
  const { registers } = state;
  const put = (type: number, loaded: Loaded): boolean => Boolean(registers.set(number(data, type), loaded));
  const emit = (match: Match | 'nothing' | undefined): boolean => {
    if (match && match !== 'nothing') state.matches.push(match);
    return match !== undefined;
  };
  switch (name) {
    case 'payload': return put(PAYLOAD.DREG, { of: 'payload', base: number(data, PAYLOAD.BASE), offset: number(data, PAYLOAD.OFFSET), length: number(data, PAYLOAD.LENGTH) });
    case 'meta': return data.has(META.SREG) ? act(state, setMark(registers.get(number(data, META.SREG)), data)) : put(META.DREG, { of: 'meta', key: number(data, META.KEY) });
    case 'fib': return number(data, FIB.RESULT) === FIB_ADDRESS_TYPE && number(data, FIB.FLAGS) === FIB_OF_DESTINATION && put(FIB.DREG, { of: 'fib' });
    case 'ct': return number(data, CT.KEY) === CT_STATE_KEY && data.has(CT.DREG) && put(CT.DREG, { of: 'ctState' });
    case 'bitwise': return mask(registers, data);
    case 'cmp': return emit(matchFrom(state, registers.get(number(data, CMP.SREG)), bytes(data, CMP.DATA), number(data, CMP.OP)));
    case 'lookup': return !data.has(LOOKUP.DREG) && emit(lookedUp(state, data, portsOf));
    case 'immediate': return number(data, IMMEDIATE.DREG) === REGISTER_VERDICT ? act(state, verdict(data)) : put(IMMEDIATE.DREG, { of: 'constant', bytes: bytes(data, IMMEDIATE.DATA) });
    case 'masq': return data.size === 0 && act(state, { masquerade: true });
    case 'nat': return act(state, dnat(registers, data));
    default: return false;
  }
}

function takeExtended(state: State, extended: Extended | undefined): boolean {
  if (extended?.match) state.matches.push(extended.match);
  if (extended?.action) state.action = extended.action;
  return extended !== undefined;
}

function act(state: State, action: Action | undefined): boolean {
  if (action) state.action = action;
  return action !== undefined;
}

/** Two masks on one value would be a third; nobody writes that. */
function mask(registers: Map<number, Loaded>, data: Attributes): boolean {
  const from = registers.get(number(data, BITWISE.SREG));
  if (!from || from.of === 'constant' || from.mask || number(data, BITWISE.OP) !== 0) return false;
  registers.set(number(data, BITWISE.DREG), { ...from, mask: bytes(data, BITWISE.MASK), xor: bytes(data, BITWISE.XOR) });
  return true;
}

function lookedUp({ registers, proto }: State, data: Attributes, portsOf: PortsOf): Match | undefined {
  if (proto === undefined || !isDport(registers.get(number(data, LOOKUP.SREG)))) return undefined;
  const ports = portsOf(textOf(data.get(LOOKUP.SET)));
  return ports && { proto, dports: [...ports], ...(number(data, LOOKUP.FLAGS) & LOOKUP_INVERTED ? { not: true } : {}) };
}

function verdict(data: Attributes): Action | undefined {
  const parts = attributesOf(attributesOf(data.get(IMMEDIATE.DATA)).get(DATA.VERDICT));
  const chain = textOf(parts.get(VERDICT.CHAIN));
  const code = beOf(parts.get(VERDICT.CODE), 4);
  if (code === undefined) return undefined;
  switch (code | 0) {
    case VERDICT_CODE.accept: return { verdict: 'accept' };
    case VERDICT_CODE.drop: return { verdict: 'drop' };
    case VERDICT_CODE.return: return { verdict: 'return' };
    case VERDICT_CODE.jump: return { jump: chain };
    case VERDICT_CODE.goto: return { goto: chain };
    default: return undefined;
  }
}

/** The kernel lists the end of a range too, even where it is its beginning. */
function dnat(registers: Map<number, Loaded>, data: Attributes): Action | undefined {
  const constant = (type: number): Buffer | undefined => {
    const loaded = data.has(type) ? registers.get(number(data, type)) : undefined;
    return loaded?.of === 'constant' ? loaded.bytes : undefined;
  };
  const isRange = (min: number, max: number): boolean => data.has(max) && number(data, max) !== number(data, min);
  const [address, port] = [constant(NAT.ADDRESS_MIN), constant(NAT.PORT_MIN)];
  if (number(data, NAT.TYPE) !== NAT_DESTINATION || !address || (data.has(NAT.PORT_MIN) && !port)) return undefined;
  if (isRange(NAT.ADDRESS_MIN, NAT.ADDRESS_MAX) || isRange(NAT.PORT_MIN, NAT.PORT_MAX)) return undefined;
  if (number(data, NAT.FLAGS) & ~(NAT_RANGE.ADDRESS | NAT_RANGE.PORT)) return undefined;
  return { dnat: { to: formatAddress(address), ...(port?.length === 2 ? { port: port.readUInt16BE(0) } : {}) } };
}

function setMark(from: Loaded | undefined, data: Attributes): Action | undefined {
  if (number(data, META.KEY) !== META_KEY.MARK) return undefined;
  if (from?.of === 'constant' && from.bytes.length === 4) return { setMark: { value: from.bytes.readUInt32LE(0), mask: 0xffffffff } };
  if (from?.of !== 'meta' || from.key !== META_KEY.MARK || from.mask?.length !== 4 || from.xor?.length !== 4) return undefined;
  return { setMark: { value: from.xor.readUInt32LE(0), mask: ~from.mask.readUInt32LE(0) >>> 0 } };
}

const number = (data: Attributes, type: number): number => beOf(data.get(type), 4) ?? 0;
const bytes = (data: Attributes, type: number): Buffer => attributesOf(data.get(type)).get(DATA.VALUE) ?? Buffer.alloc(0);
