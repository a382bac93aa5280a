// Rule sets that only take away, one after another in the same table, as one: the table is read once for all of them, and changed once.
// SPDX-License-Identifier: Apache-2.0

import type { RuleSet } from './rule-set.ts';

/** Takes away, whatever else is in the table: of such the order is all the same. */
export const onlyTakesAway = ({ family, table, remove, drop, ...others }: RuleSet): boolean => Object.values(others).every((one) => one === undefined);

export function together(sets: readonly RuleSet[]): RuleSet {
  const [{ family, table }] = sets as [RuleSet];
  const [remove, drop] = [sets.flatMap((one) => one.remove ?? []), sets.flatMap((one) => one.drop ?? [])];
  return { family, table, ...(remove.length > 0 ? { remove } : {}), ...(drop.length > 0 ? { drop } : {}) };
}
