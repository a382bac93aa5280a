// One table as a rule set wants it, drafted chain by chain over what is there: what stays, what goes, what is new.
// SPDX-License-Identifier: Apache-2.0

import { checkDeadline } from '../../deadline.ts';
import { sameHook } from '../../kernel/hook.ts';
import type { NftHook } from '../../kernel/kernel.ts';
import type { Rule } from '../../kernel/rule.ts';
import type { Drop, RuleLife, RuleSet, WantedRule } from './rule-set.ts';
import { matchesRemoval } from './removal.ts';

/** A rule that is there, as both backends can be asked about it. */
export interface Present {
  key: string;
  /** false: it does not call this chain, which is sooner found out than what it says */
  mayCall?(chain: string): boolean;
  comment?: string | undefined;
  jump?: string | undefined;
  rule?: Rule | undefined;
  /** of a rule outside the grammar: what of it is inside */
  known?: Pick<Rule, 'match' | 'action'> | undefined;
}
export interface PresentChain<P extends Present> { name: string; hook?: NftHook; rules: readonly P[] }

export interface NewRule { key: string; rule: Rule; life: RuleLife }

export interface ChainDraft<P extends Present = Present> {
  readonly name: string;
  readonly hook?: NftHook;
  /** what is in it now, and which of that stays; undefined: the chain is not there */
  readonly before?: readonly P[];
  readonly kept: boolean[];
  /** emptied and deleted, though it may be made anew */
  dropped: boolean;
  /** wanted by the rule set though it is not there, or with another hook */
  make?: { hook?: NftHook; comment?: string };
  /** of what is made here */
  life: RuleLife;
  /** new rules before and after those kept, in their final order */
  start: NewRule[];
  end: NewRule[];
  /** the whole content is asked for and `end` is it; what is there goes, unless it turns out to be a part of it */
  replaced: boolean;
}

export type Draft<P extends Present = Present> = Map<string, ChainDraft<P>>;

export function draftOf<P extends Present>(present: readonly PresentChain<P>[], wanted: RuleSet, keyOf: (rule: Rule) => string): Draft<P> {
  const draft: Draft<P> = new Map(present.map(({ name, hook, rules }) => [name, {
    ...emptyDraft(name), ...(hook ? { hook } : {}), before: rules, kept: rules.map(() => true),
  }]));
  removeRules(draft, wanted, keyOf);
  leaveContent(draft, wanted, keyOf);
  const callers = callersOf(draft, wanted);
  if (wanted.unlessShared && isShared(draft, wanted, callers)) return draftOf(present, { family: wanted.family, table: wanted.table }, keyOf);
  dropChains(draft, wanted, callers);
  makeChains(draft, wanted);
  for (const { chain, rules } of wanted.set ?? []) setContent(chainOf(draft, chain), rules, keyOf);
  for (const addition of wanted.add ?? []) {
    checkDeadline();
    addRule(chainOf(draft, addition.chain), addition, keyOf);
  }
  for (const { chain } of wanted.set ?? []) keepContent(chainOf(draft, chain));
  return draft;
}

/** What is at hand is compared first: the key of each rule has to be made. */
export const isRule = (one: Present, rule: Rule, key: string): boolean => (one.comment ?? '') === (rule.comment ?? '') && one.key === key;

/** The same for the chain that a rule calls. */
export const calls = (one: Pick<Present, 'mayCall' | 'jump'>, chain: string): boolean => (one.mayCall?.(chain) ?? true) && one.jump === chain;

/** The chain is in the kernel before the rule set is carried out and after it. */
export const survives = (chain: ChainDraft): boolean => chain.before !== undefined && !chain.dropped;
const staying = <P extends Present>({ before = [], kept }: ChainDraft<P>): readonly P[] => before.filter((_, i) => kept[i]);
export const going = <P extends Present>({ before = [], kept }: ChainDraft<P>): readonly P[] => before.filter((_, i) => !kept[i]);

const emptyDraft = (name: string): ChainDraft => ({ name, kept: [], dropped: false, life: 'attachment', start: [], end: [], replaced: false });

/** Rules for a chain that is neither there nor asked for: the kernel is the one to say so. */
function chainOf(draft: Draft, name: string): ChainDraft {
  const chain = draft.get(name) ?? emptyDraft(name);
  draft.set(name, chain);
  return chain;
}

function removeRules(draft: Draft, { remove = [] }: RuleSet, keyOf: (rule: Rule) => string): void {
  for (const removal of remove) {
    checkDeadline();
    const matches = matchesRemoval(removal, keyOf);
    forget(draft.get(removal.chain), matches);
  }
}

/** A call from a rule that the chain's content will not have is none: whether a chain can go must not depend on who asked first. */
function leaveContent(draft: Draft, { set = [], add = [] }: RuleSet, keyOf: (rule: Rule) => string): void {
  for (const { chain, rules } of set) {
    const content = new Set([...rules, ...add.filter((one) => one.chain === chain).map(({ rule }) => rule)].map(keyOf));
    forget(draft.get(chain), ({ key }) => !content.has(key));
  }
}

function forget(chain: ChainDraft | undefined, which: (rule: Present) => boolean): void {
  chain?.before?.forEach((rule, i) => {
    if (which(rule)) chain.kept[i] = false;
  });
}

/** Rules that call a chain that may go, by its name. */
type Callers = ReadonlyMap<string, readonly { chain: ChainDraft; i: number }[]>;

/** With more chains it is sooner read what a rule calls than asked for each whether it may. */
const FEW = 8;

/** Looked for once: of thousands of chains that go, each may be called from anywhere. */
function callersOf(draft: Draft, { drop = [] }: RuleSet): Callers {
  const names = [...new Set(drop.map(({ chain }) => chain))];
  const found = new Map(names.map((name) => [name, [] as { chain: ChainDraft; i: number }[]]));
  const mayCall = (rule: Present): boolean => names.length > FEW || names.some((name) => rule.mayCall?.(name) ?? true);
  for (const chain of names.length === 0 ? [] : draft.values()) {
    chain.before?.forEach((rule, i) => {
      if (chain.kept[i] && mayCall(rule) && rule.jump !== undefined) found.get(rule.jump)?.push({ chain, i });
    });
  }
  return found;
}

function isShared(draft: Draft, { drop = [] }: RuleSet, callers: Callers): boolean {
  return drop.some(({ chain }) => staying(draft.get(chain) ?? emptyDraft(chain)).length > 0 || (draft.has(chain) && callers.get(chain)!.length > 0));
}

/** One that goes may have been the last to call another, so the list is gone through until nothing more goes. */
function dropChains(draft: Draft, { drop = [] }: RuleSet, callers: Callers): void {
  for (let going = true; going;) {
    going = drop.map((one) => dropChain(draft, one, callers)).includes(true);
  }
}

function dropChain(draft: Draft, { chain: name, unreferenced }: Drop, callers: Callers): boolean {
  const chain = draft.get(name);
  if (!chain?.before || chain.dropped) return false;
  const calling = callers.get(name)!.filter((caller) => caller.chain !== chain && caller.chain.kept[caller.i]);
  if (unreferenced && calling.length > 0) return false;
  for (const caller of calling) caller.chain.kept[caller.i] = false;
  forget(chain, () => true);
  chain.dropped = true;
  return true;
}

function makeChains(draft: Draft, { chains = [] }: RuleSet): void {
  for (const { name, hook, comment, life = 'attachment' } of chains) {
    const chain = chainOf(draft, name);
    chain.life = life;
    // A rule set that says nothing of a hook takes the chain as it is.
    const stays = chain.before && (!hook || sameHook(chain.hook, hook));
    if (stays && !chain.dropped) continue;
    if (stays) chain.dropped = false;
    else chain.make = { ...(hook ? { hook } : {}), ...(comment === undefined ? {} : { comment }) };
  }
}

function setContent(chain: ChainDraft, rules: readonly Rule[], keyOf: (rule: Rule) => string): void {
  chain.end = rules.map((rule) => ({ key: keyOf(rule), rule, life: chain.life }));
  chain.kept.fill(false);
  chain.replaced = true;
}

/** Rules that are there without a gap are left where they are; only what stands around them is new. */
function keepContent(chain: ChainDraft): void {
  const content = [...chain.start, ...chain.end];
  const { before = [], kept } = chain;
  const at = chain.dropped ? -1 : indexOfRun(content.map(({ key }) => key), before.map(({ key }) => key));
  chain.replaced = at < 0;
  kept.fill(at >= 0);
  chain.start = content.slice(0, Math.max(at, 0));
  chain.end = at < 0 ? content : content.slice(at + before.length);
}

/** Where `part` stands in `whole` without a gap. */
function indexOfRun(whole: readonly string[], part: readonly string[]): number {
  for (let at = 0; at + part.length <= whole.length; at++) {
    if (part.every((key, i) => key === whole[at + i])) return at;
  }
  return -1;
}

function addRule(chain: ChainDraft, { rule, at, life = 'attachment' }: WantedRule, keyOf: (rule: Rule) => string): void {
  const key = keyOf(rule);
  const has = (one: { key: string }): boolean => one.key === key;
  const is = (one: Present): boolean => isRule(one, rule, key);
  const { before = [], kept } = chain;
  if (chain.start.some(has) || chain.end.some(has)) return;
  const there = before.flatMap((one, i) => (is(one) ? i : []));
  if (there.some((i) => kept[i])) return;
  const [gone] = chain.dropped || chain.replaced ? [] : there;
  if (gone !== undefined) chain.kept[gone] = true;
  else if (at === 'start') chain.start.unshift({ key, rule, life });
  else chain.end.push({ key, rule, life });
}
