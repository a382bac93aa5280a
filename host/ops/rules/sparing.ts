// A rule that names no container, only an address, belongs to whoever has the address, which may have been given to another one since.
// SPDX-License-Identifier: Apache-2.0

import { normalRule } from '../../kernel/normal-rule.ts';
import { chainCalled, type Rule, type RuleFamily } from '../../kernel/rule.ts';
import type { Removal, RuleSet } from './rule-set.ts';
import type { RuleTables } from './tables.ts';

/** What is to be removed with these tables is less what others have. `keysOfOthers` is asked only when there is such a rule. */
export const sparing = (tables: RuleTables, keysOfOthers: () => ReadonlySet<string>): RuleTables => ({
  ...tables,
  plan: (backend, ns, rules) => tables.plan(backend, ns, backend === 'iptables' && ns === 'host' ? less(rules, keysOfOthers) : rules),
});

function less(rules: RuleSet, keysOfOthers: () => ReadonlySet<string>): RuleSet {
  const { remove } = rules;
  if (!remove?.some(isNameless)) return rules;
  const spared = keysOfOthers();
  return { ...rules, remove: remove.filter((one) => !isNameless(one) || !spared.has(keyOf(rules, one))) };
}

/** Of the rules that a rule set removes. */
export const namelessKeys = (rules: RuleSet): string[] => (rules.remove ?? []).filter(isNameless).map((one) => keyOf(rules, one));

type Nameless = Removal & { rule: Rule };
const isNameless = (one: Removal): one is Nameless => one.rule !== undefined && chainCalled(one.rule) === undefined && !one.rule.comment;

const keyOf = ({ family, table }: { family: RuleFamily; table: string }, { chain, rule }: Nameless): string => `${family} ${table} ${chain} ${JSON.stringify(normalRule(family, rule))}`;
