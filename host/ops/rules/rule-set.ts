// What a module asks of one rule table, and the forms in which the host takes that back.
// SPDX-License-Identifier: Apache-2.0

import type { NftHook } from '../../kernel/kernel.ts';
import type { Rule, RuleFamily } from '../../kernel/rule.ts';

export type RuleLife = 'attachment' | 'network';

/** The rules of one chain that match all of the given criteria; at least one must be given. */
export interface Removal { chain: string; rule?: Rule; comment?: string; commentPrefix?: string; address?: string; except?: string[]; jump?: string }
export interface Drop { chain: string; unreferenced?: boolean }
export interface WantedChain { name: string; hook?: NftHook; comment?: string; life?: RuleLife }
interface WantedContent { chain: string; rules: Rule[] }
export interface WantedRule { chain: string; rule: Rule; at?: 'start' | 'end'; life?: RuleLife }

/** Carried out in the order of its keys, as one transaction. */
export interface RuleSet {
  family: RuleFamily;
  table: string;
  tableComment?: string;
  remove?: Removal[];
  drop?: Drop[];
  chains?: WantedChain[];
  set?: WantedContent[];
  add?: WantedRule[];
  /**
   * Only in an undo: nothing is done at all while a chain to drop holds, or is called by, a rule that is not to be removed as well.
   * Another network came to use the shared chains since we made them, and half of them would be worse than all.
   */
  unlessShared?: boolean;
  /** Only in an undo: the table goes too when no chain is left in it. */
  dropTable?: boolean;
}

/**
 * The opposite of a rule set, one for each time at which it is due; journal them as call, network, attachment, so that a
 * roll-back (last first) empties the shared chains before it drops them and restores what was there at the end.
 */
export interface RuleUndo {
  /** Brings back what was taken away: only when the call fails. */
  call?: RuleSet;
  attachment?: RuleSet;
  network?: RuleSet;
}

/** A chain that is not there, or with `rule` a rule that is not in it, as text. */
export interface Missing { chain: string; rule?: string }
