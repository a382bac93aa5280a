// What a transaction makes of a table, in memory: for the fake kernel, and for a call that knows the table it has just changed.
// SPDX-License-Identifier: Apache-2.0

import { sameHook } from './hook.ts';
import { KernelError } from './kernel-error.ts';
import type { NftChain, NftCommand, NftRule, NftTable } from './kernel.ts';
import { nameNftCommand } from './nft-text.ts';
import { normalRule } from './normal-rule.ts';
import { chainCalled, type Rule } from './rule.ts';

/**
 * Throws as the kernel does and leaves `table` as it was. New rules get handles below zero: those of the kernel are not known before
 * the table is read again.
 */
export function applyToNft(table: NftTable | undefined, commands: readonly NftCommand[]): NftTable | undefined {
  const state = new TableState(table);
  for (const command of commands) state.carryOut(command);
  return state.table();
}

/** A transaction may have tens of thousands of commands: what each of them asks is looked up, and nothing is copied for it. */
class TableState {
  private head: Pick<NftTable, 'family' | 'name'> | undefined;
  private chains: Map<string, ChainState>;
  private lowest: number;
  /** How many rules call a chain, by its name; counted when the first chain is to be deleted. */
  private calls: Map<string, number> | undefined;

  constructor(table: NftTable | undefined) {
    this.head = table;
    this.chains = new Map((table?.chains ?? []).map((chain) => [chain.name, new ChainState(chain)]));
    this.lowest = (table?.chains ?? []).flatMap(({ rules }) => rules).reduce((low, { handle }) => Math.min(low, handle), 0);
  }

  table(): NftTable | undefined {
    return this.head && { ...this.head, chains: [...this.chains.values()].map((chain) => chain.done()) };
  }

  carryOut(command: NftCommand): void {
    const refuse = (errno: string): KernelError => new KernelError(errno, nameNftCommand(command));
    if (command.do === 'add table') {
      this.head ??= { family: command.family, name: command.table };
      return;
    }
    if (!this.head) throw refuse('ENOENT');
    if (command.do === 'delete table') {
      if (this.chains.size > 0) throw refuse('EBUSY');
      this.head = undefined;
      return;
    }
    const { chain: name } = command;
    const chain = this.chains.get(name);
    if (command.do === 'add chain') {
      if (chain && command.hook && !sameHook(chain.hook, command.hook)) throw refuse('EEXIST');
      if (!chain) this.chains.set(name, new ChainState({ name, ...(command.hook ? { hook: command.hook } : {}), rules: [] }));
      return;
    }
    if (!chain) throw refuse('ENOENT');
    switch (command.do) {
      case 'delete chain':
        // A chain that jumps to itself holds itself; it must be emptied first.
        if ((this.callsOfAll().get(name) ?? 0) > 0) throw refuse('EBUSY');
        this.count(chain.empty(), -1);
        return void this.chains.delete(name);
      case 'flush chain': return this.count(chain.empty(), -1);
      case 'delete rule': {
        const rule = chain.delete(command.handle);
        if (!rule) throw refuse('ENOENT');
        return this.count([rule], -1);
      }
      case 'add rule': {
        const target = chainCalled(command.rule);
        if (target !== undefined && !this.chains.has(target)) throw refuse('ENOENT');
        const rule = newRule(--this.lowest, normalRule(command.family, command.rule));
        chain.add(rule, command.at);
        return this.count([rule], 1);
      }
      default: return command satisfies never;
    }
  }

  private callsOfAll(): ReadonlyMap<string, number> {
    if (!this.calls) {
      this.calls = new Map();
      for (const chain of this.chains.values()) this.count(chain.done().rules, 1);
    }
    return this.calls;
  }

  private count(rules: readonly NftRule[], by: 1 | -1): void {
    const { calls } = this;
    if (!calls) return;
    for (const { jump, rule } of rules) {
      const called = jump ?? chainCalled(rule);
      if (called !== undefined) calls.set(called, (calls.get(called) ?? 0) + by);
    }
  }
}

class ChainState {
  /** Rules before those that were there, the last one first, and behind them. */
  private start: NftRule[] = [];
  private end: NftRule[] = [];
  /** All of them by their handles, once one is to be deleted. */
  private byHandle: Map<number, NftRule> | undefined;
  private readonly gone = new Set<NftRule>();

  constructor(private chain: NftChain) {}

  get hook() { return this.chain.hook; }

  add(rule: NftRule, at: 'start' | 'end'): void {
    this[at].push(rule);
    this.byHandle?.set(rule.handle, rule);
  }

  /** Undefined when there is none. */
  delete(handle: number): NftRule | undefined {
    this.byHandle ??= new Map(this.done().rules.map((rule) => [rule.handle, rule]));
    const rule = this.byHandle.get(handle);
    if (!rule) return undefined;
    this.byHandle.delete(handle);
    this.gone.add(rule);
    return rule;
  }

  /** What was in it. */
  empty(): readonly NftRule[] {
    const { rules } = this.done();
    this.chain = { ...this.chain, rules: [] };
    [this.start, this.end, this.byHandle] = [[], [], undefined];
    this.gone.clear();
    return rules;
  }

  done(): NftChain {
    if (this.start.length + this.end.length + this.gone.size === 0) return this.chain;
    const rules = [...this.start.toReversed(), ...this.chain.rules, ...this.end];
    return { ...this.chain, rules: this.gone.size === 0 ? rules : rules.filter((rule) => !this.gone.has(rule)) };
  }
}

const newRule = (handle: number, rule: Rule): NftRule => ({ handle, rule, ...(rule.comment === undefined ? {} : { comment: rule.comment }) });
