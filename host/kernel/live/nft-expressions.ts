// The expressions a rule is written in, one function for each: what nft's own encoding and that of iptables have in common.
// SPDX-License-Identifier: Apache-2.0

import { familyOfPrefix } from '../normal-rule.ts';
import { maskOf, readPrefix } from '../prefix.ts';
import type { Body } from './attributes.ts';
import {
  ADDRESSES, BITWISE, BITWISE_MASK_XOR, CMP, DATA, EXPRESSION, IMMEDIATE, LIST_ELEMENT, META, NETWORK_HEADER, PAYLOAD, REGISTER_VERDICT, VERDICT,
} from './nft-wire.ts';

/** Appends one expression to a list. */
export type Write = (list: Body) => void;

export const REGISTER = 1;

export const expression = (name: string, fill: (data: Body) => void): Write => (list) =>
  void list.nest(LIST_ELEMENT, (element) => void element.text(EXPRESSION.NAME, name).nest(EXPRESSION.DATA, fill));

const value = (body: Body, type: number, bytes: Uint8Array): Body => body.nest(type, (data) => void data.attribute(DATA.VALUE, bytes));

export const loadMeta = (key: number): Write => expression('meta', (data) => void data.be32(META.KEY, key).be32(META.DREG, REGISTER));

export const loadPayload = (base: number, offset: number, length: number): Write => expression('payload', (data) =>
  void data.be32(PAYLOAD.DREG, REGISTER).be32(PAYLOAD.BASE, base).be32(PAYLOAD.OFFSET, offset).be32(PAYLOAD.LENGTH, length));

export const compare = (op: number, bytes: Uint8Array): Write => expression('cmp', (data) =>
  void value(data.be32(CMP.SREG, REGISTER).be32(CMP.OP, op), CMP.DATA, bytes));

/** A prefix of whole bytes is a shorter load, as nft and iptables fold it; any other needs its mask. */
export function addressIs(field: 'saddr' | 'daddr', text: string, op: number): Write[] {
  const { bytes, length } = readPrefix(text);
  const header = ADDRESSES[familyOfPrefix(text)];
  if (length > 0 && length % 8 === 0) return [loadPayload(NETWORK_HEADER, header[field], length / 8), compare(op, bytes.subarray(0, length / 8))];
  return [loadPayload(NETWORK_HEADER, header[field], header.size), mask(maskOf(header.size, length)), compare(op, bytes)];
}

export function mask(bits: Uint8Array, xor: Uint8Array = new Uint8Array(bits.length)): Write {
  return expression('bitwise', (data) => {
    data.be32(BITWISE.SREG, REGISTER).be32(BITWISE.DREG, REGISTER).be32(BITWISE.LENGTH, bits.length).be32(BITWISE.OP, BITWISE_MASK_XOR);
    value(value(data, BITWISE.MASK, bits), BITWISE.XOR, xor);
  });
}

export const constant = (register: number, bytes: Uint8Array): Write => expression('immediate', (data) => void value(data.be32(IMMEDIATE.DREG, register), IMMEDIATE.DATA, bytes));

export const decide = (code: number, chain?: string): Write => expression('immediate', (data) =>
  void data.be32(IMMEDIATE.DREG, REGISTER_VERDICT).nest(IMMEDIATE.DATA, (inner) => void inner.nest(DATA.VERDICT, (verdict) => {
    verdict.be32(VERDICT.CODE, code);
    if (chain !== undefined) verdict.text(VERDICT.CHAIN, chain);
  })));

/** Registers hold marks and types in the machine's byte order, packet fields in the network's. */
export const u32 = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);
export const u16be = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff);
