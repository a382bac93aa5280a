// A rule set against an nf_tables table: the one transaction that is still needed, its opposite, and what was missing.
// SPDX-License-Identifier: Apache-2.0

import { isDeepStrictEqual } from 'node:util';
import type { NftCommand, NftRule, NftTable } from '../../kernel/kernel.ts';
import { renderNftRule } from '../../kernel/nft-text.ts';
import { ruleKeys } from '../../kernel/normal-rule.ts';
import { chainCalled, type Rule } from '../../kernel/rule.ts';
import { draftOf, going, type ChainDraft, type Draft, type Present } from './draft.ts';
import { inNormalForm } from './in-normal-form.ts';
import { missingIn } from './missing.ts';
import { recognise } from './recognise.ts';
import type { Missing, RuleSet, RuleUndo } from './rule-set.ts';
import { undoOf } from './undo-of.ts';

export interface NftPlan { commands: NftCommand[]; /** both for who asks */ readonly undo: RuleUndo; readonly missing: Missing[] }

type NftPresent = Present & { handle: number };

/** No commands when all is as asked: every transaction that takes something away costs a grace period. */
export function planNft(current: NftTable | undefined, asked: RuleSet): NftPlan {
  const wanted = inNormalForm(asked);
  const { family } = wanted;
  const keyOf = ruleKeys(family);
  const present = (current?.chains ?? []).map(({ rules, ...chain }) => ({ ...chain, rules: rules.map((rule) => presentOf(rule, keyOf)) }));
  const draft = draftOf(recognise(present, wanted, keyOf, (_, rule, one) => says(one, rule)), wanted, keyOf);
  const commands = commandsFor(draft, wanted);
  const makesTable = !current && commands.length > 0;
  if (makesTable) commands.unshift({ do: 'add table', family, table: wanted.table, ...(wanted.tableComment ? { comment: wanted.tableComment } : {}) });
  if (wanted.dropTable && current && [...draft.values()].every(({ dropped, make }) => dropped && !make)) {
    commands.push({ do: 'delete table', family, table: wanted.table });
  }
  return { commands, get undo() { return undoOf(draft, wanted, makesTable); }, get missing() { return missingIn(draft, (rule) => renderNftRule(family, rule)); } };
}

/** Those that were read without what they say, as this rule set does not ask about them. */
const OTHERS: NftPresent = { handle: 0, key: 'handle 0' };

/** A rule outside the grammar equals no other. What a rule says is only looked at when it matters. */
function presentOf(rule: NftRule, keyOf: (rule: Rule) => string): NftPresent {
  if (rule.handle === 0) return OTHERS;
  const { handle, comment } = rule;
  let key: string | undefined;
  return {
    handle,
    comment,
    get key() { return (key ??= rule.rule ? keyOf(rule.rule) : `handle ${handle}`); },
    get rule() { return rule.rule; },
    get known() { return rule.known; },
    get jump() { return rule.jump ?? chainCalled(rule.rule); },
  };
}

/** For each rule that is deleted the kernel looks through its chain. With fewer it does not matter, and a plan names each. */
const MANY = 1_000;

/** What goes comes first, so that a chain is empty and uncalled when it is deleted; chains come before the rules that call them. */
function commandsFor(draft: Draft<NftPresent>, { family, table, add, set }: RuleSet): NftCommand[] {
  const at = { family, table };
  // Nobody's new rule goes with them: what takes away is refused when others have changed rules, unless the nft program writes it, which it does for rules
  // with raw words alone.
  const emptied = ({ kept }: ChainDraft<NftPresent>): boolean => kept.length >= MANY && !add && !set && !kept.includes(true);
  const each = (commands: (chain: ChainDraft<NftPresent>) => NftCommand[]): NftCommand[] => [...draft.values()].flatMap(commands);
  return [
    ...each((chain) => {
      if (!chain.before?.length) return [];
      if (chain.dropped || chain.replaced || emptied(chain)) return [{ do: 'flush chain', ...at, chain: chain.name }];
      return going(chain).map(({ handle }): NftCommand => ({ do: 'delete rule', ...at, chain: chain.name, handle }));
    }),
    ...each(({ name, dropped }) => (dropped ? [{ do: 'delete chain', ...at, chain: name }] : [])),
    ...each(({ name, make }) => (make ? [{ do: 'add chain', ...at, chain: name, ...make }] : [])),
    ...each(({ name, start, end }) => [
      ...start.toReversed().map(({ rule }): NftCommand => ({ do: 'add rule', ...at, chain: name, rule, at: 'start' })),
      ...end.map(({ rule }): NftCommand => ({ do: 'add rule', ...at, chain: name, rule, at: 'end' })),
    ]),
  ];
}

/** All that the rule says beside its raw words, and something more. What the words mean only the nft program knows. */
function says({ rule, known }: NftPresent, wanted: Rule): boolean {
  const there = rule ?? known;
  if (!there || !isDeepStrictEqual(there.action, wanted.action)) return false;
  const matches = wanted.match.filter(({ raw }) => !raw);
  return matches.every((match) => there.match.some((one) => isDeepStrictEqual(one, match))) && (!rule || rule.match.length > matches.length);
}
