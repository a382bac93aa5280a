// One table as a rule set wants it, drafted chain by chain over what is there: what stays, what goes, what is new.
// SPDX-License-Identifier: Apache-2.0

import { checkDeadline } from '../../deadline.ts';
import { sameHook } from '../../kernel/hook.ts';
import type { NftHook } from '../../kernel/kernel.ts';
import type { Rule } from '../../kernel/rule.ts';
import type { Drop, RuleLife, RuleSet } from './rule-set.ts';
import { isWholeRule, matchesRemoval } from './removal.ts';

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
  addRules(draft, wanted, keyOf);
  for (const { chain } of wanted.set ?? []) keepContent(chainOf(draft, chain));
  return draft;
}

/** Is a rule that is there one of these? What is at hand is compared first: the key of each has to be made. */
export function isAmong(rules: readonly { rule: Rule; key: string }[]): (one: Present) => boolean {
  const keys = new Map<string, Set<string>>();
  for (const { rule: { comment = '' }, key } of rules) keys.set(comment, (keys.get(comment) ?? new Set()).add(key));
  return (one) => keys.get(one.comment ?? '')?.has(one.key) ?? false;
}

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

/** Those that say a whole rule may be thousands of one chain, which is gone through once for all of them. */
function removeRules(draft: Draft, { remove = [] }: RuleSet, keyOf: (rule: Rule) => string): void {
  for (const [chain, removals] of byChain(remove.filter(isWholeRule))) {
    checkDeadline();
    forget(draft.get(chain), isAmong(removals.map(({ rule }) => ({ rule, key: keyOf(rule) }))));
  }
  for (const removal of remove.filter((one) => !isWholeRule(one))) {
    checkDeadline();
    forget(draft.get(removal.chain), matchesRemoval(removal, keyOf));
  }
}

/** A call from a rule that the chain's content will not have is none: whether a chain can go must not depend on who asked first. */
function leaveContent(draft: Draft, { set = [], add = [] }: RuleSet, keyOf: (rule: Rule) => string): void {
  const added = byChain(set.length > 0 ? add : []);
  for (const { chain, rules } of set) {
    const content = new Set([...rules, ...(added.get(chain) ?? []).map(({ rule }) => rule)].map(keyOf));
    forget(draft.get(chain), ({ key }) => !content.has(key));
  }
}

const byChain = <T extends { chain: string }>(list: readonly T[]): Map<string, T[]> => grouped(list, ({ chain }) => chain);

function grouped<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const known = groups.get(keyOf(one));
    if (known) known.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
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

/** Says which of these chains a rule calls. */
export function calledAmong(names: readonly string[]): (rule: Pick<Present, 'mayCall' | 'jump'>) => string | undefined {
  const chains = new Set(names);
  const few = chains.size <= FEW ? [...chains] : undefined;
  return (rule) => {
    if (few && !few.some((name) => rule.mayCall?.(name) ?? true)) return undefined;
    const { jump } = rule;
    return jump !== undefined && chains.has(jump) ? jump : undefined;
  };
}

/** Looked for once: of thousands of chains that go, each may be called from anywhere. */
function callersOf(draft: Draft, { drop = [] }: RuleSet): Callers {
  const names = drop.map(({ chain }) => chain);
  const found = new Map(names.map((name) => [name, [] as { chain: ChainDraft; i: number }[]]));
  const called = calledAmong(names);
  for (const chain of names.length === 0 ? [] : draft.values()) {
    chain.before?.forEach((rule, i) => {
      const name = chain.kept[i] ? called(rule) : undefined;
      if (name !== undefined) found.get(name)!.push({ chain, i });
    });
  }
  return found;
}

function isShared(draft: Draft, { drop = [] }: RuleSet, callers: Callers): boolean {
  return drop.some(({ chain }) => staying(draft.get(chain) ?? emptyDraft(chain)).length > 0 || (draft.has(chain) && callers.get(chain)!.length > 0));
}

/** One that goes may have been the last to call another, which is looked at again then. */
function dropChains(draft: Draft, { drop = [] }: RuleSet, callers: Callers): void {
  const ifUncalled = new Map(drop.filter(({ unreferenced }) => unreferenced).map((one) => [one.chain, one]));
  const calledFrom = ({ chain }: Drop): Drop[] => (draft.get(chain)?.before ?? []).flatMap(({ jump = '' }) => ifUncalled.get(jump) ?? []);
  for (let next = drop; next.length > 0;) {
    const gone = next.filter((one) => dropChain(draft, one, callers));
    next = ifUncalled.size === 0 ? [] : [...new Set(gone.flatMap(calledFrom))];
  }
}

function dropChain(draft: Draft, { chain: name, unreferenced }: Drop, callers: Callers): boolean {
  const chain = draft.get(name);
  if (!chain?.before || chain.dropped) return false;
  const stillCalls = (caller: { chain: ChainDraft; i: number }): boolean => caller.chain !== chain && caller.chain.kept[caller.i]!;
  if (unreferenced && callers.get(name)!.some(stillCalls)) return false;
  for (const caller of callers.get(name)!.filter(stillCalls)) caller.chain.kept[caller.i] = false;
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

/** A chain is gone through once for all that is added to it. */
function addRules(draft: Draft, { add = [] }: RuleSet, keyOf: (rule: Rule) => string): void {
  for (const [name, additions] of byChain(add)) {
    const chain = chainOf(draft, name);
    const wanted = additions.map(({ rule, at, life = 'attachment' }) => {
      checkDeadline();
      return { key: keyOf(rule), rule, life, at };
    });
    const there = placesOf(chain, isAmong(wanted));
    const isNew = new Set(chain.end.map(({ key }) => key));
    const start: NewRule[] = [];
    for (const { at, ...rule } of wanted) {
      if (isNew.has(rule.key) || keepOne(chain, there.get(rule.key) ?? [])) continue;
      isNew.add(rule.key);
      (at === 'start' ? start : chain.end).push(rule);
    }
    chain.start = start.reverse();
  }
}

/** Of the rules in it, by their keys. */
const placesOf = ({ before = [] }: ChainDraft, which: (rule: Present) => boolean): Map<string, number[]> =>
  grouped(before.flatMap((one, i) => (which(one) ? i : [])), (i) => before[i]!.key);

/** One of these stays, or stays after all. */
function keepOne({ kept, dropped, replaced }: ChainDraft, there: readonly number[]): boolean {
  if (there.some((i) => kept[i])) return true;
  const [gone] = dropped || replaced ? [] : there;
  if (gone !== undefined) kept[gone] = true;
  return gone !== undefined;
}
