// Rules with raw words are read back in the backend's own spelling, or not at all: finds the ones a rule set speaks of among those that
// are there, and gives them the key they are asked for by.
// SPDX-License-Identifier: Apache-2.0

import type { Rule } from '../../kernel/rule.ts';
import type { Present, PresentChain } from './draft.ts';
import type { RuleSet } from './rule-set.ts';

type Recognises<P extends Present> = (chain: string, rule: Rule, present: P) => boolean;

/** `isIt` is only asked about rules with raw words and the same comment. */
export function recognise<P extends Present>(present: readonly PresentChain<P>[], wanted: RuleSet, keyOf: (rule: Rule) => string, isIt: Recognises<P>): PresentChain<P>[] {
  const asked = rulesOf(wanted).filter(({ rule }) => rule.match.some(({ raw }) => raw));
  return present.map((chain) => {
    const taken = new Map<number, P>();
    for (const rule of new Map(asked.filter((one) => one.chain === chain.name).map((one) => [keyOf(one.rule), one.rule])).values()) {
      const at = chain.rules.findIndex((one, i) => !taken.has(i) && (one.comment ?? '') === (rule.comment ?? '') && isIt(chain.name, rule, one));
      // Everything else of it stays as it was, also what is only read when somebody asks.
      if (at >= 0) taken.set(at, Object.create(chain.rules[at]!, { key: { value: keyOf(rule) }, rule: { value: rule } }) as P);
    }
    return taken.size === 0 ? chain : { ...chain, rules: chain.rules.map((rule, i) => taken.get(i) ?? rule) };
  });
}

const rulesOf = ({ remove = [], set = [], add = [] }: RuleSet): { chain: string; rule: Rule }[] => [
  ...remove.flatMap(({ chain, rule }) => (rule ? [{ chain, rule }] : [])),
  ...set.flatMap(({ chain, rules }) => rules.map((rule) => ({ chain, rule }))),
  ...add.map(({ chain, rule }) => ({ chain, rule })),
];
