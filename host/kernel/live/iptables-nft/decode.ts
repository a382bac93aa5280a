// Expressions of an iptables table back to a rule, as far as they are the very ones we would write for it.
// SPDX-License-Identifier: Apache-2.0

import type { Family, Rule } from '../../rule.ts';
import { attributesOf, beOf, Body, listAttributes, textOf, type Attributes } from '../attributes.ts';
import { decodeRule, jumpOf, type Extended } from '../nft-decode.ts';
import { EXPRESSION, EXTENSION, IMMEDIATE, DATA, VERDICT, VERDICT_CODE } from '../nft-wire.ts';
import type { Dialect } from './dialect.ts';
import { encodeIptablesRule } from './encode.ts';
import { actionOf, matchOf, type Extension } from './extensions.ts';

/** How the kernel lists a counter, up to its numbers; and the first comment, up to its text. */
const COUNTER = Buffer.from('0c000100636f756e746572001c000200', 'hex');
const COMMENT = Buffer.from('0c000100636f6d6d656e7400080002000000000004010300', 'hex');
/** Lists are sent with a flag on their nests, and read without. */
const AS_LISTED = 0;

/** Undefined for what is not of the grammar, and for what is but not in our words. */
export function decodeIptablesRule(family: Family, expressions: Buffer, dialect: Dialect): Rule | undefined {
  const rule = decodeRule(family, expressions, commentIn(expressions), () => undefined, (name, data, proto) => extended(family, name, data, proto));
  const form = rule && listedForm(family, rule, dialect);
  return form && isListedAs(form, expressions) ? rule : undefined;
}

/** A rule as the kernel lists it while it has counted nothing. */
export function listedForm(family: Family, rule: Rule, dialect: Dialect): Buffer | undefined {
  const list = new Body(new Uint8Array(0), AS_LISTED);
  const encoded = encodeIptablesRule(family, rule, dialect);
  encoded?.fill(list);
  return encoded && list.done();
}

/** The same but for what its counter has counted. */
export function isListedAs(form: Buffer, expressions: Buffer): boolean {
  if (expressions.length !== form.length) return false;
  const at = form.indexOf(COUNTER);
  const numbers = at < 0 ? [] : [4, 16].map((number) => at + COUNTER.length + number);
  const between = [0, ...numbers.map((number) => number + 8)].map((start, i) => ({ start, end: numbers[i] ?? form.length }));
  return between.every(({ start, end }) => form.compare(expressions, start, end, start, end) === 0);
}

/** Cheap: it is asked of every rule. */
export function commentIn(expressions: Buffer): string | undefined {
  const at = expressions.indexOf(COMMENT);
  return at < 0 ? undefined : textOf(expressions.subarray(at + COMMENT.length));
}

/** What iptables-save prints behind -j or -g. */
export function jumpIn(expressions: Buffer): string | undefined {
  const chain = jumpOf(expressions);
  if (chain !== undefined) return chain;
  for (const { name, data } of expressionsIn(expressions)) {
    if (name === 'target') return textOf(data.get(EXTENSION.NAME));
    if (name !== 'immediate') continue;
    const code = beOf(attributesOf(attributesOf(data.get(IMMEDIATE.DATA)).get(DATA.VERDICT)).get(VERDICT.CODE), 4);
    const verdict = (['accept', 'drop', 'return'] as const).find((one) => code !== undefined && VERDICT_CODE[one] === (code | 0));
    if (verdict) return verdict.toUpperCase();
  }
  return undefined;
}

const PLAIN = ['payload', 'meta', 'cmp', 'bitwise', 'counter', 'immediate'];
const EXTENSIONS = ['comment', 'multiport', 'addrtype', 'conntrack', 'mark', 'tcp', 'udp', 'sctp', 'dccp', 'MASQUERADE', 'DNAT', 'MARK'];

/** False: something in it that a rule of the grammar never has, in whatever way it is written. */
export const mayBeOfGrammar = (expressions: Buffer): boolean =>
  expressionsIn(expressions).every(({ name, data }) => PLAIN.includes(name) || (['match', 'target'].includes(name) && EXTENSIONS.includes(textOf(data.get(EXTENSION.NAME)))));

const expressionsIn = (expressions: Buffer): { name: string; data: Attributes }[] =>
  listAttributes(expressions).map(({ payload }) => attributesOf(payload)).map((one) => ({ name: textOf(one.get(EXPRESSION.NAME)), data: attributesOf(one.get(EXPRESSION.DATA)) }));

function extended(family: Family, name: string, data: Attributes, proto: string | undefined): Extended | undefined {
  if (name === 'counter') return {};
  const extension: Extension = { name: textOf(data.get(EXTENSION.NAME)), revision: beOf(data.get(EXTENSION.REVISION), 4) ?? -1, data: data.get(EXTENSION.DATA) ?? Buffer.alloc(0) };
  // The first comment was found already; a second would not be written again.
  if (name === 'match' && extension.name === 'comment') return {};
  const match = name === 'match' ? matchOf(extension, proto) : undefined;
  const action = name === 'target' ? actionOf(family, extension) : undefined;
  return match ? { match } : action && { action };
}
