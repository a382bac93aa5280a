// A rule set against an iptables table: the commands of the one iptables-restore that is still needed, its opposite, and what was missing.
// SPDX-License-Identifier: Apache-2.0

import { wordsOf } from '../../kernel/iptables-parse.ts';
import { renderRule } from '../../kernel/iptables-text.ts';
import type { IptablesCommand, IptablesRule, IptablesTable } from '../../kernel/kernel.ts';
import { WrongValue } from '../../kernel/kernel-error.ts';
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

export interface IptablesPlan { commands: IptablesCommand[]; /** both for who asks */ readonly undo: RuleUndo; readonly missing: Missing[] }

/** No commands when all is as asked: iptables-restore takes three times as long for a change as for an addition, and nothing for nothing. */
export function planIptables(current: IptablesTable, asked: RuleSet, has: (chain: string, rule: string) => boolean = () => false): IptablesPlan {
  const wanted = inNormalForm(asked);
  const { family, name } = current;
  const chains = concerned(current, wanted);
  const render = (rule: Rule): string => renderRule(family, rule);
  // One that looks chains up by name knows those that were never used.
  const unused = current.chainNamed ? [] : builtInChains(name).filter((chain) => !chains.some((other) => other.name === chain)).map((chain) => ({ name: chain, rules: [] }));
  const present = [...chains, ...unused].map((chain) => ({ name: chain.name, rules: chain.rules }));
  for (const { name: chain, hook } of wanted.chains ?? []) {
    if (hook) throw new WrongValue(`make iptables chain ${chain}`, 'chains with a hook are built in; leave hook out');
  }
  const keyOf = ruleKeys(family);
  const known = recognise(present, wanted, keyOf, (chain, rule, one) => says(one, rule, render) && has(chain, render(rule)));
  const draft = draftOf(known, wanted, keyOf);
  return { commands: commandsFor(draft), get undo() { return undoOf(draft, wanted, false); }, get missing() { return missingIn(draft, render); } };
}

/** What goes comes first, so that a chain is empty and uncalled when it is deleted; chains come before the rules that call them. */
function commandsFor(draft: Draft<IptablesRule>): IptablesCommand[] {
  const each = (commands: (chain: ChainDraft<IptablesRule>) => IptablesCommand[]): IptablesCommand[] => [...draft.values()].flatMap(commands);
  return [
    ...each((chain) => {
      if (!chain.before?.length) return [];
      if (chain.dropped || chain.replaced) return [{ do: 'flush chain', chain: chain.name }];
      return going(chain).map((rule) => ({ do: 'delete rule', chain: chain.name, rule }));
    }),
    ...each(({ name: chain, dropped }) => (dropped ? [{ do: 'delete chain', chain }] : [])),
    ...each(({ name: chain, make }) => (make ? [{ do: 'add chain', chain }] : [])),
    ...each(({ name: chain, start, end }) => [
      ...start.toReversed().map(({ rule }): IptablesCommand => ({ do: 'add rule', chain, rule, at: 'start' })),
      ...end.map(({ rule }): IptablesCommand => ({ do: 'add rule', chain, rule, at: 'end' })),
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
