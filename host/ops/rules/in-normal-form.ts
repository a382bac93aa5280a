// A rule set whose rules are in their normal form, which is made once for the plan, its opposite and the kernel.
// SPDX-License-Identifier: Apache-2.0

import { normalRule } from '../../kernel/normal-rule.ts';
import type { RuleSet } from './rule-set.ts';

/** Throws EINVAL for a rule that is not of the grammar. */
export function inNormalForm(rules: RuleSet): RuleSet {
  const { family, remove, set, add } = rules;
  return {
    ...rules,
    ...(remove ? { remove: remove.map((one) => (one.rule ? { ...one, rule: normalRule(family, one.rule) } : one)) } : {}),
    ...(set ? { set: set.map((one) => ({ ...one, rules: one.rules.map((rule) => normalRule(family, rule)) })) } : {}),
    ...(add ? { add: add.map((one) => ({ ...one, rule: normalRule(family, one.rule) })) } : {}),
  };
}
