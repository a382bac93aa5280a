// What a transaction makes of a table, in memory: for the fake kernel, and for a call that knows the table it has just changed.
// SPDX-License-Identifier: Apache-2.0

import { sameHook } from './hook.ts';
import { KernelError } from './kernel-error.ts';
import type { NftCommand, NftRule, NftTable } from './kernel.ts';
import { nameNftCommand } from './nft-text.ts';
import { normalRule } from './normal-rule.ts';
import { chainCalled, type Rule } from './rule.ts';

/**
 * Throws as the kernel does and leaves `table` as it was. New rules get handles below zero: those of the kernel are not known before
 * the table is read again.
 */
export function applyToNft(table: NftTable | undefined, commands: readonly NftCommand[]): NftTable | undefined {
  let lowest = (table?.chains ?? []).flatMap(({ rules }) => rules).reduce((low, { handle }) => Math.min(low, handle), 0);
  return commands.reduce<NftTable | undefined>((state, command) => step(state, command, () => --lowest), table);
}

function step(table: NftTable | undefined, command: NftCommand, nextHandle: () => number): NftTable | undefined {
  const refuse = (errno: string): KernelError => new KernelError(errno, nameNftCommand(command));
  if (command.do === 'add table') return table ?? { family: command.family, name: command.table, chains: [] };
  if (!table) throw refuse('ENOENT');
  if (command.do === 'delete table') {
    if (table.chains.length > 0) throw refuse('EBUSY');
    return undefined;
  }
  const chain = table.chains.find(({ name }) => name === command.chain);
  const withRules = (rules: NftRule[]): NftTable => ({ ...table, chains: table.chains.map((one) => (one === chain ? { ...one, rules } : one)) });
  if (command.do === 'add chain') {
    if (chain && command.hook && !sameHook(chain.hook, command.hook)) throw refuse('EEXIST');
    return chain ? table : { ...table, chains: [...table.chains, { name: command.chain, ...(command.hook ? { hook: command.hook } : {}), rules: [] }] };
  }
  if (!chain) throw refuse('ENOENT');
  switch (command.do) {
    case 'delete chain':
      // A chain that jumps to itself holds itself; it must be emptied first.
      if (table.chains.some((other) => other.rules.some(({ rule, jump }) => (jump ?? chainCalled(rule)) === chain.name))) throw refuse('EBUSY');
      return { ...table, chains: table.chains.filter((other) => other !== chain) };
    case 'flush chain': return withRules([]);
    case 'delete rule':
      if (!chain.rules.some(({ handle }) => handle === command.handle)) throw refuse('ENOENT');
      return withRules(chain.rules.filter(({ handle }) => handle !== command.handle));
    case 'add rule': {
      const target = chainCalled(command.rule);
      if (target !== undefined && !table.chains.some(({ name }) => name === target)) throw refuse('ENOENT');
      const added = newRule(nextHandle(), normalRule(command.family, command.rule));
      return withRules(command.at === 'start' ? [added, ...chain.rules] : [...chain.rules, added]);
    }
    default: return command satisfies never;
  }
}

const newRule = (handle: number, rule: Rule): NftRule => ({ handle, rule, ...(rule.comment === undefined ? {} : { comment: rule.comment }) });
