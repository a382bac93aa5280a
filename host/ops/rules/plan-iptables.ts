// A rule set against an iptables table: the lines of the one iptables-restore that is still needed, its opposite, and what was missing.
// SPDX-License-Identifier: Apache-2.0

import { wordsOf } from '../../kernel/iptables-parse.ts';
import { checkIptablesChain, renderRule } from '../../kernel/iptables-text.ts';
import type { IptablesRule, IptablesTable } from '../../kernel/kernel.ts';
import { KernelError } from '../../kernel/kernel-error.ts';
import { ruleKeys } from '../../kernel/normal-rule.ts';
import { chainCalled, type Rule } from '../../kernel/rule.ts';
import { builtInChains } from '../../kernel/built-in-chains.ts';
import { concerned } from './concerned.ts';
import { draftOf, going, type ChainDraft, type Draft } from './draft.ts';
import { inNormalForm } from './in-normal-form.ts';
import { missingIn } from './missing.ts';
import { recognise } from './recognise.ts';
import type { Missing, RuleSet, RuleUndo } from './rule-set.ts';
import { undoOf } from './undo-of.ts';

export interface IptablesPlan { lines: string[]; /** both for who asks */ readonly undo: RuleUndo; readonly missing: Missing[] }

/** No lines when all is as asked: iptables-restore takes three times as long for a change as for an addition, and nothing for nothing. */
export function planIptables(current: IptablesTable, asked: RuleSet, has: (chain: string, rule: string) => boolean = () => false): IptablesPlan {
  const wanted = inNormalForm(asked);
  const { family, name } = current;
  const chains = concerned(current, wanted);
  const render = (rule: Rule): string => renderRule(family, rule);
  // One that looks chains up by name knows those that were never used.
  const unused = current.chainNamed ? [] : builtInChains(name).filter((chain) => !chains.some((other) => other.name === chain)).map((chain) => ({ name: chain, rules: [] }));
  const present = [...chains, ...unused].map((chain) => ({ name: chain.name, rules: chain.rules }));
  for (const { name: chain, hook } of wanted.chains ?? []) {
    if (hook) throw new KernelError('EINVAL', `make iptables chain ${chain}`, 'chains with a hook are built in; leave hook out');
  }
  const keyOf = ruleKeys(family);
  const known = recognise(present, wanted, keyOf, (chain, rule, one) => says(one, rule, render) && has(chain, render(rule)));
  const draft = draftOf(known, wanted, keyOf);
  return { lines: linesFor(draft, render), get undo() { return undoOf(draft, wanted, false); }, get missing() { return missingIn(draft, render); } };
}

/** What goes comes first, so that a chain is empty and uncalled when it is deleted; chains come before the rules that call them. */
function linesFor(draft: Draft<IptablesRule>, render: (rule: Rule) => string): string[] {
  const each = (lines: (chain: ChainDraft<IptablesRule>) => string[]): string[] => [...draft.values()].flatMap(lines);
  return [
    ...each((chain) => {
      if (!chain.before?.length) return [];
      if (chain.dropped || chain.replaced) return [`-F ${checkIptablesChain(chain.name)}`];
      // As iptables itself printed it: that is the one spelling which is sure to match.
      return going(chain).map(({ text }) => `-D ${checkIptablesChain(chain.name)} ${text}`);
    }),
    ...each(({ name, dropped }) => (dropped ? [`-X ${checkIptablesChain(name)}`] : [])),
    // -N and not `:NAME - [0:0]`, which would empty a chain that somebody else has made since we looked.
    ...each(({ name, make }) => (make ? [`-N ${checkIptablesChain(name)}`] : [])),
    ...each(({ name, start, end }) => [
      ...start.toReversed().map(({ rule }) => `-I ${checkIptablesChain(name)} ${render(rule)}`),
      ...end.map(({ rule }) => `-A ${checkIptablesChain(name)} ${render(rule)}`),
    ]),
  ];
}

/** All that the rule says beside its raw words, in whatever order; about those words only iptables can be asked. */
function says({ text, jump }: IptablesRule, rule: Rule, render: (rule: Rule) => string): boolean {
  if (jump !== (chainCalled(rule) ?? jump)) return false;
  const there = wordsOf(text);
  return wordsOf(render({ ...rule, match: rule.match.filter(({ raw }) => !raw) })).every((word) => {
    const at = there.indexOf(word);
    if (at >= 0) there.splice(at, 1);
    return at >= 0;
  });
}
