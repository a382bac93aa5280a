// What an iptables-restore makes of a table, in memory: for the fake kernel, and for a call that knows the table it has just changed.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule } from './iptables-parse.ts';
import { renderIptablesCommand, renderRule } from './iptables-text.ts';
import { KernelError } from './kernel-error.ts';
import type { IptablesChain, IptablesCommand, IptablesRule, IptablesTable } from './kernel.ts';
import { builtInChains } from './built-in-chains.ts';
import { chainCalled } from './rule.ts';

/** Throws as iptables-restore --noflush does and leaves `table` as it was. */
export function applyToIptables(table: IptablesTable, commands: readonly IptablesCommand[]): IptablesTable {
  const missing = builtInChains(table.name).filter((name) => !table.chains.some((chain) => chain.name === name));
  const used = commands.length > 0 ? missing.map((name): IptablesChain => ({ name, policy: 'ACCEPT', rules: [] })) : [];
  return commands.reduce(step, { ...table, chains: [...used, ...table.chains] });
}

function step(table: IptablesTable, command: IptablesCommand): IptablesTable {
  const { family } = table;
  const { chain: name } = command;
  const refuse = (detail: string): KernelError => new KernelError('EIPTABLES', `restore table ${table.name}`, `${renderIptablesCommand(family, command)}: ${detail}`);
  const chain = table.chains.find((one) => one.name === name);
  const withRules = (rules: readonly IptablesRule[]): IptablesTable => ({ ...table, chains: table.chains.map((one) => (one === chain ? { ...one, rules } : one)) });
  if (!chain) {
    if (command.do !== 'add chain') throw refuse('No chain/target/match by that name.');
    return { ...table, chains: [...table.chains, { name, rules: [] }] };
  }
  switch (command.do) {
    case 'add chain': throw refuse('Chain already exists.');
    case 'flush chain': return withRules([]);
    case 'delete chain':
      if (chain.policy !== undefined || chain.rules.length > 0 || isCalled(table, name)) throw refuse('CHAIN_DEL failed (Device or resource busy)');
      return { ...table, chains: table.chains.filter((one) => one !== chain) };
    case 'delete rule': {
      const at = chain.rules.findIndex(({ text }) => text === command.rule.text);
      if (at < 0) throw refuse('Bad rule (does a matching rule exist in that chain?).');
      return withRules(chain.rules.toSpliced(at, 1));
    }
    case 'add rule': {
      const called = chainCalled(command.rule);
      if (called !== undefined && !table.chains.some((one) => one.name === called)) throw refuse(`Chain '${called}' does not exist`);
      const rule = readSavedRule(family, renderRule(family, command.rule));
      return withRules(command.at === 'start' ? [rule, ...chain.rules] : [...chain.rules, rule]);
    }
    default: return command satisfies never;
  }
}

const isCalled = ({ chains }: IptablesTable, name: string): boolean => chains.some(({ rules }) => rules.some(({ jump }) => jump === name));
