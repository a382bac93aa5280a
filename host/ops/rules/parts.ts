// What of an nf_tables table a rule set speaks of: the rest need not be read.
// SPDX-License-Identifier: Apache-2.0

import type { NftPart } from '../../kernel/kernel.ts';
import { chainCalled } from '../../kernel/rule.ts';
import type { RuleSet } from './rule-set.ts';

/** Undefined: all of it. */
export type Parts = readonly NftPart[] | undefined;

export function partsOf({ remove = [], drop = [], chains = [], set = [], add = [], unlessShared, dropTable }: RuleSet): Parts {
  // Whether a chain can go depends on who calls it, and that may be any rule of the table.
  if (drop.length > 0 || unlessShared || dropTable) return undefined;
  const parts = new Map<string, string[] | undefined>();
  const note = (chain: string, comments: readonly (string | undefined)[]): void => {
    const known = parts.has(chain) ? parts.get(chain) : [];
    // A rule without a comment can only be told by what it says.
    parts.set(chain, known && comments.every(Boolean) ? [...new Set([...known, ...comments as string[]])] : undefined);
  };
  for (const { chain, rule, comment, commentPrefix } of remove) note(chain, [comment ?? commentPrefix ?? rule?.comment]);
  for (const { name } of chains) note(name, []);
  for (const { chain } of set) note(chain, [undefined]);
  for (const { chain, rule } of add) note(chain, [rule.comment]);
  for (const called of [...add.map(({ rule }) => rule), ...set.flatMap(({ rules }) => rules)].flatMap((rule) => chainCalled(rule) ?? [])) note(called, []);
  return [...parts].map(([chain, comments]) => ({ chain, ...(comments ? { comments } : {}) }));
}

/** Is all of `asked` in what was read? */
export function holds(known: Parts, asked: Parts): boolean {
  if (!known || !asked) return known === undefined;
  return asked.every(({ chain, comments }) => known.some((part) => part.chain === chain && (!part.comments || comments?.every((one) => part.comments!.includes(one)))));
}
