// What a draft has to make, as an answer to "is it as asked?". Rules that are there beside the wanted ones are no fault of theirs.
// SPDX-License-Identifier: Apache-2.0

import type { Rule } from '../../kernel/rule.ts';
import { isAmong, type ChainDraft, type Draft, type NewRule } from './draft.ts';
import type { Missing } from './rule-set.ts';

export const missingIn = (draft: Draft, render: (rule: Rule) => string): Missing[] =>
  [...draft.values()].flatMap((chain) => missingChain(chain) ?? missingRules(chain, render));

function missingChain({ name, before, make, start, end }: ChainDraft): Missing[] | undefined {
  if (make) return [{ chain: name }];
  if (!before && start.length + end.length > 0) return [{ chain: name }];
  return undefined;
}

/** A chain whose content has to be replaced may hold some of the rules already. */
function missingRules({ name, before = [], start, end }: ChainDraft, render: (rule: Rule) => string): Missing[] {
  const wanted: NewRule[] = [...start, ...end];
  const there = new Set(before.filter(isAmong(wanted)).map(({ key }) => key));
  return wanted.filter(({ key }) => !there.has(key)).map(({ rule }) => ({ chain: name, rule: render(rule) }));
}
