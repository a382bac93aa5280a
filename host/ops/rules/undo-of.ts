// The opposite of a draft: what it makes is taken away when its life ends, what it takes away comes back when the call fails.
// SPDX-License-Identifier: Apache-2.0

import { chainCalled } from '../../kernel/rule.ts';
import { survives, type ChainDraft, type Draft, type NewRule } from './draft.ts';
import type { RuleLife, RuleSet, RuleUndo, WantedRule } from './rule-set.ts';

export function undoOf(draft: Draft, { family, table }: RuleSet, madeTable: boolean): RuleUndo {
  const chains = [...draft.values()];
  const attachment = takeAway(chains, 'attachment');
  const network = takeAway(chains, 'network');
  const call = bringBack(chains);
  const lastLife = isEmpty(network) ? attachment : network;
  if (madeTable) lastLife.dropTable = true;
  if (network.drop) network.unlessShared = true;
  const whole = (part: Partial<RuleSet>): RuleSet | undefined => (isEmpty(part) ? undefined : { family, table, ...part });
  return defined({ call: whole(call), attachment: whole(attachment), network: whole(network) });
}

const isEmpty = (part: object): boolean => Object.keys(part).length === 0;

function takeAway(chains: readonly ChainDraft[], life: RuleLife): Partial<RuleSet> {
  const isMade = (chain: ChainDraft): boolean => chain.make !== undefined && !survives(chain);
  // Another attachment can have come to jump there: a second interface of the container shares its masquerade chain.
  const drop = chains.filter((chain) => isMade(chain) && chain.life === life).map(({ name }) => ({ chain: name, unreferenced: true }));
  // A rule cannot outlive the chain it calls.
  const passing = new Set(chains.filter((chain) => isMade(chain) && chain.life === 'attachment').map(({ name }) => name));
  const lifeOf = ({ rule, life: asked }: NewRule): RuleLife => (passing.has(chainCalled(rule) ?? '') ? 'attachment' : asked);
  // An attachment's chain goes with its content.
  const remove = chains.filter((chain) => !isMade(chain) || chain.life === 'network')
    .flatMap((chain) => newRules(chain).filter((rule) => lifeOf(rule) === life).map(({ rule }) => ({ chain: chain.name, rule })));
  return lists({ remove, drop });
}

/** Rules outside the grammar cannot be said again; the others come back, to where they were if that was before or after all that stayed. */
function bringBack(chains: readonly ChainDraft[]): Partial<RuleSet> {
  const isLost = (chain: ChainDraft): boolean => chain.before !== undefined && (chain.dropped || chain.replaced);
  const lost = chains.filter(isLost);
  return lists({
    chains: lost.filter(({ dropped }) => dropped).map(({ name, hook }) => ({ name, ...(hook ? { hook } : {}) })),
    set: lost.map(({ name, before = [] }) => ({ chain: name, rules: before.flatMap(({ rule }) => rule ?? []) })),
    add: chains.filter((chain) => !isLost(chain)).flatMap(returning),
  });
}

function returning({ name, before = [], kept }: ChainDraft): WantedRule[] {
  const firstKept = kept.indexOf(true);
  const back = (at: 'start' | 'end', here: (i: number) => boolean): WantedRule[] =>
    before.flatMap((one, i) => (!kept[i] && here(i) && one.rule ? { chain: name, rule: one.rule, at } : []));
  return [...back('start', (i) => i < firstKept).reverse(), ...back('end', (i) => i >= firstKept)];
}

/** A content that is replaced may have parts in common with the one before. */
function newRules({ start, end, before = [], replaced }: ChainDraft): NewRule[] {
  const old = new Set(replaced ? before.map(({ key }) => key) : []);
  return [...start, ...end].filter(({ key }) => !old.has(key));
}

function lists<T extends Partial<RuleSet>>(part: T): Partial<RuleSet> {
  return Object.fromEntries(Object.entries(part).filter(([, list]) => Array.isArray(list) && list.length > 0));
}

const defined = (undo: { [K in keyof RuleUndo]: RuleSet | undefined }): RuleUndo =>
  Object.fromEntries(Object.entries(undo).filter(([, set]) => set !== undefined));
