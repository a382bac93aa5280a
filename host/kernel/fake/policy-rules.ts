// Routing policy rules of the fake kernel.
// SPDX-License-Identifier: Apache-2.0

import { KernelError, WrongValue } from '../kernel-error.ts';
import type { PolicyRule, PolicyRuleKernel } from '../kernel.ts';
import type { Family } from '../rule.ts';
import { readPrefix, writePrefix } from './prefix.ts';
import { namespaceOf, type FakeNamespace, type FakeState } from './state.ts';

export const fakePolicyRules = (state: FakeState): PolicyRuleKernel => ({
  list: (ns, family) => structuredClone(namespaceOf(state, ns, 'list policy rules').rules.filter((rule) => rule.family === family)),

  add(nsName, wanted) {
    const action = `add policy rule ${describe(wanted)}`;
    const ns = namespaceOf(state, nsName, action);
    const rule = canonical(wanted, action);
    const priority = rule.priority ?? freePriority(ns, rule.family);
    if (ns.rules.some((other) => isAsked(other, { ...rule, priority }))) throw new KernelError('EEXIST', action);
    const after = ns.rules.findLastIndex((other) => other.family === rule.family ? other.priority <= priority : other.family === 'ip');
    ns.rules.splice(after + 1, 0, { ...rule, priority });
  },

  delete(nsName, wanted) {
    const action = `delete policy rule ${describe(wanted)}`;
    const ns = namespaceOf(state, nsName, action);
    const rule = canonical(wanted, action);
    const at = ns.rules.findIndex((other) => isAsked(other, { ...rule, priority: rule.priority ?? other.priority }));
    if (at < 0) throw new KernelError('ENOENT', action);
    ns.rules.splice(at, 1);
  },
});

const describe = ({ from, to, table }: PolicyRule): string => `from ${from ?? 'all'} to ${to ?? 'all'} lookup ${table}`;

function canonical(rule: PolicyRule, action: string): PolicyRule {
  const { from, to, ...rest } = rule;
  const side = (text: string | undefined): string | undefined => {
    if (text === undefined) return undefined;
    const prefix = readPrefix(text, action);
    if (prefix.family !== rule.family) throw new WrongValue(action, `the rule is of family ${rule.family}`);
    return prefix.length === 0 ? undefined : writePrefix(prefix);
  };
  const [source, target] = [side(from), side(to)];
  return { ...rest, ...(source ? { from: source } : {}), ...(target ? { to: target } : {}) };
}

/** What is not said of the rule that is asked for is not compared, in adding neither. */
const isAsked = (rule: PolicyRule, { family, priority, table, from, to }: PolicyRule): boolean =>
  rule.family === family && rule.priority === priority && rule.table === table && (from === undefined || rule.from === from) && (to === undefined || rule.to === to);

/** fib_default_rule_pref(): one before the second rule, so the newest goes first. */
function freePriority(ns: FakeNamespace, family: Family): number {
  const [, second] = ns.rules.filter((rule) => rule.family === family);
  return second && second.priority > 0 ? second.priority - 1 : 0;
}
