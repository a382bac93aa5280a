// A rule that is looked into when somebody asks what it says: most are only asked for their comment.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule } from '../../iptables-parse.ts';
import { renderRule } from '../../iptables-text.ts';
import type { IptablesRule } from '../../kernel.ts';
import { readPrefix } from '../../prefix.ts';
import type { Rule } from '../../rule.ts';
import { commentIn, decodeIptablesRule, jumpIn, mayBeOfGrammar } from './decode.ts';
import type { KernelRule, NftTableOfIptables } from './table.ts';

/** `inWords` gives the words of iptables-save, undefined when it has none. */
export function lateRule({ family, dialect }: NftTableOfIptables, { handle, expressions }: KernelRule, inWords: () => string | undefined, addressesOf: AddressesOf): IptablesRule {
  let read: IptablesRule | undefined;
  const nameless = `# handle ${handle}`;
  const whole = (): IptablesRule => {
    if (read) return read;
    const rule = decodeIptablesRule(family, expressions, dialect);
    return (read = readSavedRule(family, rule ? renderRule(family, rule) : inWords() ?? nameless));
  };
  const isOthers = (): boolean => !read && !mayBeOfGrammar(expressions);
  return {
    get text() { return whole().text; },
    get comment() { return commentIn(expressions); },
    get jump() { return jumpIn(expressions); },
    get rule() { return isOthers() ? undefined : whole().rule; },
    get key() { return isOthers() ? nameless : whole().key; },
    mayCall: (chain) => expressions.includes(chain),
    mayBe: (rule) => addressesOf(rule).every((bytes) => expressions.includes(bytes)),
  };
}

export type AddressesOf = (rule: Rule) => readonly Buffer[];

/** One rule is looked for among thousands: its addresses are worked out once. However a prefix is written, these bytes of it are there. */
export function addressesOnce(): AddressesOf {
  const known = new WeakMap<Rule, readonly Buffer[]>();
  return (rule) => {
    const addresses = known.get(rule) ?? rule.match.flatMap(({ saddr, daddr }) => saddr ?? daddr ?? []).map(readPrefix).map(({ bytes, length }) => bytes.subarray(0, length >> 3));
    known.set(rule, addresses);
    return addresses;
  };
}
