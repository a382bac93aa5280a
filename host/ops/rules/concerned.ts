// The chains of a table that a rule set can change, so that the others need not be looked into: with many containers that is nearly all.
// SPDX-License-Identifier: Apache-2.0

import type { IptablesChain, IptablesTable } from '../../kernel/kernel.ts';
import { chainCalled } from '../../kernel/rule.ts';
import { calledAmong } from './draft.ts';
import type { Removal, RuleSet } from './rule-set.ts';

/** Those it names, and those that call one which it drops. */
export function concerned(table: IptablesTable, wanted: RuleSet): readonly IptablesChain[] {
  if (!table.chainNamed) return table.chains;
  const found = new Map<string, IptablesChain>();
  for (const name of namesIn(table, wanted)) {
    const chain = table.chainNamed(name);
    if (chain) found.set(name, chain);
  }
  addCallers(found, table, wanted);
  return [...found.values()];
}

const namesIn = (table: IptablesTable, { remove = [], drop = [], chains = [], set = [], add = [] }: RuleSet): Set<string> =>
  new Set([...[...remove.filter((one) => mayHold(table, one)), ...drop, ...set, ...add].map(({ chain }) => chain), ...chains.map(({ name }) => name)]);

/** No rule calls a chain that is not there. Capitals alone may be the name of a target, such as LOG. */
function mayHold(table: IptablesTable, { jump, rule }: Removal): boolean {
  const called = jump ?? chainCalled(rule);
  return called === undefined || /^[A-Z0-9]+$/.test(called) || table.chainNamed!(called) !== undefined;
}

/** The kernel says how many they are. Chains with many rules are looked into first: those are the ones that pass traffic on. */
function addCallers(found: Map<string, IptablesChain>, table: IptablesTable, { drop = [] }: RuleSet): void {
  const dropped = drop.flatMap(({ chain }) => found.get(chain) ?? []);
  const called = calledAmong(dropped.map(({ name }) => name));
  /** How many calls of each are not found yet. */
  const missing = new Map(dropped.map(({ name, uses = Infinity, rules }) => [name, uses - rules.length] as const).filter(([, count]) => count > 0));
  if (missing.size === 0) return;
  const lookInto = ({ rules }: IptablesChain): boolean => {
    const names = rules.flatMap((rule) => called(rule) ?? []);
    for (const name of names) {
      const count = (missing.get(name) ?? 0) - 1;
      if (count > 0) missing.set(name, count);
      else missing.delete(name);
    }
    return names.length > 0;
  };
  for (const chain of found.values()) lookInto(chain);
  if (missing.size === 0) return;
  for (const other of table.chains.filter((one) => !found.has(one.name)).sort((a, b) => (b.uses ?? 0) - (a.uses ?? 0))) {
    if (lookInto(other)) found.set(other.name, other);
    if (missing.size === 0) return;
  }
}
