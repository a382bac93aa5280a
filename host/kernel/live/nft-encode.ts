// A rule as nf_tables expressions: the ones the nft program would write, so that it lists the rule in its natural syntax.
// SPDX-License-Identifier: Apache-2.0

import { parseAddress } from '../address.ts';
import { checkChainCalled, familyOfPrefix, normalRule } from '../normal-rule.ts';
import { protocolNumber } from '../protocols.ts';
import type { Action, Family, Mark, Match, Rule, RuleFamily } from '../rule.ts';
import type { Body } from './attributes.ts';
import { macBytes } from './hardware-address.ts';
import {
  addressIs, compare, constant, decide, expression, loadMeta, loadPayload, mask, REGISTER, u16be, u32, type Write,
} from './nft-expressions.ts';
import {
  ADDRESSES, CT, CT_STATE_BIT, CT_STATE_KEY, DEVICE_NAME_SIZE, DPORT_OFFSET, EQUAL, ETHER_SADDR_OFFSET, FIB, FIB_ADDRESS_TYPE, FIB_OF_DESTINATION, LINK_HEADER, LOOKUP, LOOKUP_INVERTED, META, META_KEY, NAT,
  NAT_DESTINATION, NAT_RANGE, NOT_EQUAL, RTN_LOCAL, TRANSPORT_HEADER, VERDICT_CODE,
} from './nft-wire.ts';

/** An anonymous set of ports that a rule looks up; it is made in the same transaction. */
export interface PortSet { id: number; name: string; ports: readonly number[] }
interface EncodedRule { /** NFTA_RULE_EXPRESSIONS */ fill: (list: Body) => void; sets: PortSet[] }

const SECOND_REGISTER = 2;
const ALL = 0xffffffff;

/** `nextSetId` must be unique within the transaction. */
export function encodeRule(family: RuleFamily, rule: Rule, nextSetId: () => number): EncodedRule {
  const { match, action } = normalRule(family, rule);
  checkChainCalled(rule);
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

function encodeMatch({ saddr, daddr, proto, dport, dports, dstType, mark, iif, oif, ctState, ethSaddr, not }: Match, known: Dependencies, set: PortSet | undefined): Write[] {
  const op = not ? NOT_EQUAL : EQUAL;
  if (saddr !== undefined) return encodeAddress('saddr', saddr, op, known);
  if (daddr !== undefined) return encodeAddress('daddr', daddr, op, known);
  if (iif !== undefined) return [loadMeta(META_KEY.IIFNAME), compare(op, deviceName(iif))];
  if (oif !== undefined) return [loadMeta(META_KEY.OIFNAME), compare(op, deviceName(oif))];
  if (ethSaddr !== undefined) return [loadPayload(LINK_HEADER, ETHER_SADDR_OFFSET, 6), compare(op, macBytes(ethSaddr))];
  // "One of these bits is set" is "the masked state is not zero", and so the other way round.
  if (ctState) return [loadState, mask(u32(ctState.reduce((bits, state) => bits | CT_STATE_BIT[state], 0))), compare(not ? EQUAL : NOT_EQUAL, u32(0))];
  if (dstType !== undefined) return [fibType, compare(op, u32(RTN_LOCAL))];
  if (mark) return [loadMeta(META_KEY.MARK), ...(mark.mask === ALL ? [] : [mask(u32(mark.mask))]), compare(op, u32(mark.value))];
  if (dport === undefined && !dports) return [loadMeta(META_KEY.L4PROTO), compare(op, Uint8Array.of(protocolNumber(proto!)))];
  const dependency = known.proto === proto ? [] : [loadMeta(META_KEY.L4PROTO), compare(EQUAL, Uint8Array.of(protocolNumber(proto!)))];
  known.proto = proto;
  const load = loadPayload(TRANSPORT_HEADER, DPORT_OFFSET, 2);
  return dport === undefined ? [...dependency, load, lookUp(set!, not ?? false)] : [...dependency, load, compare(op, u16be(dport))];
}

function encodeAddress(field: 'saddr' | 'daddr', text: string, op: number, known: Dependencies): Write[] {
  const dependency = known.family ? [] : [loadMeta(META_KEY.NFPROTO), compare(EQUAL, Uint8Array.of(ADDRESSES[familyOfPrefix(text)].family))];
  known.family = true;
  return [...dependency, ...addressIs(field, text, op)];
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

const fibType: Write = expression('fib', (data) =>
  void data.be32(FIB.DREG, REGISTER).be32(FIB.RESULT, FIB_ADDRESS_TYPE).be32(FIB.FLAGS, FIB_OF_DESTINATION));

const loadState: Write = expression('ct', (data) => void data.be32(CT.KEY, CT_STATE_KEY).be32(CT.DREG, REGISTER));

const lookUp = ({ name, id }: PortSet, inverted: boolean): Write => expression('lookup', (data) => {
  data.be32(LOOKUP.SREG, REGISTER).text(LOOKUP.SET, name).be32(LOOKUP.SET_ID, id);
  if (inverted) data.be32(LOOKUP.FLAGS, LOOKUP_INVERTED);
});

function deviceName(name: string): Uint8Array {
  const bytes = new Uint8Array(DEVICE_NAME_SIZE);
  bytes.set(Buffer.from(name));
  return bytes;
}
