// Which rules of a chain a removal means.
// SPDX-License-Identifier: Apache-2.0

import { addressOf, canonicalAddress } from '../../kernel/address.ts';
import { WrongValue } from '../../kernel/kernel-error.ts';
import type { Rule } from '../../kernel/rule.ts';
import { calls, isAmong, type Present } from './draft.ts';
import type { Removal } from './rule-set.ts';

/** It has no other criterion. */
export function isWholeRule(removal: Removal): removal is Removal & { rule: Rule } {
  const { chain, rule, ...others } = removal;
  return rule !== undefined && Object.values(others).every((one) => one === undefined);
}

export function matchesRemoval(removal: Removal, keyOf: (rule: Rule) => string): (rule: Present) => boolean {
  const { chain, rule, comment, commentPrefix, address, except = [], jump } = removal;
  // Without a criterion every rule would match, of whoever it is.
  if (rule === undefined && comment === undefined && !commentPrefix && address === undefined && jump === undefined) {
    throw new WrongValue(`remove rules from chain ${chain}`, 'give rule, comment, commentPrefix, address or jump');
  }
  const isIt = rule && isAmong([{ rule, key: keyOf(rule) }]);
  const named = address === undefined ? undefined : canonicalAddress(address);
  const spared = except.map(canonicalAddress);
  return (present) =>
    (comment === undefined || (present.comment ?? '') === comment) &&
    (commentPrefix === undefined || (present.comment ?? '').startsWith(commentPrefix)) &&
    (named === undefined || addressesOf(present.rule ?? present.known).includes(named)) &&
    (spared.length === 0 || !addressesOf(present.rule ?? present.known).some((one) => spared.includes(one))) &&
    (jump === undefined || calls(present, jump)) &&
    (isIt?.(present) ?? true);
}

/** Those of a whole address; a prefix names none. */
function addressesOf(rule: Pick<Rule, 'match' | 'action'> | undefined): string[] {
  const prefixes = (rule?.match ?? []).flatMap(({ saddr, daddr, not }) => (not ? [] : saddr ?? daddr ?? []));
  const whole = prefixes.filter((one) => !one.includes('/') || /^[^:]*\/32$|:.*\/128$/.test(one)).map(addressOf);
  return [...whole, ...(rule?.action.dnat ? [rule.action.dnat.to] : [])];
}
