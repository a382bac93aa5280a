// What an iptables-restore makes of a table, in memory: for the fake kernel, and for a call that knows the table it has just changed.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule } from '../../kernel/iptables-parse.ts';
import { renderRule } from '../../kernel/iptables-text.ts';
import { KernelError } from '../../kernel/kernel-error.ts';
import type { IptablesChain, IptablesRule, IptablesTable } from '../../kernel/kernel.ts';
import { builtInChains } from '../../kernel/built-in-chains.ts';
import { chainCalled } from '../../kernel/rule.ts';
import { calls } from './draft.ts';

/** Throws as iptables-restore --noflush does and leaves `table` as it was. */
export function applyToIptables(table: IptablesTable, lines: readonly string[]): IptablesTable {
  const missing = builtInChains(table.name).filter((name) => !table.chains.some((chain) => chain.name === name));
  const used = lines.length > 0 ? missing.map((name): IptablesChain => ({ name, policy: 'ACCEPT', rules: [] })) : [];
  return lines.reduce(step, { ...table, chains: [...used, ...table.chains] });
}

function step(table: IptablesTable, line: string, i: number): IptablesTable {
  const refuse = (detail: string): KernelError => new KernelError('EIPTABLES', `restore table ${table.name}`, `line ${i + 2} failed: ${detail}`);
  const [, command, name, rest = ''] = /^(-[ADIFXN]|:)\s*(\S+)(?: (.*))?$/s.exec(line) ?? [];
  if (!command || !name) throw refuse(`Unknown command ${JSON.stringify(line)}.`);
  const chain = table.chains.find((one) => one.name === name);
  const withRules = (rules: readonly IptablesRule[]): IptablesTable => ({ ...table, chains: table.chains.map((one) => (one === chain ? { ...one, rules } : one)) });
  if (command === '-N' || (command === ':' && !chain)) {
    if (chain) throw refuse('Chain already exists.');
    return { ...table, chains: [...table.chains, { name, rules: [] }] };
  }
  if (!chain) throw refuse('No chain/target/match by that name.');
  const rule = readSavedRule(table.family, rest ? savedForm(table, rest) : '');
  switch (command) {
    case ':': return chain.policy === undefined ? withRules([]) : table;
    case '-F': return withRules([]);
    case '-X':
      if (chain.policy !== undefined || chain.rules.length > 0 || isCalled(table, name)) throw refuse(`CHAIN_DEL failed (Device or resource busy): chain ${name}`);
      return { ...table, chains: table.chains.filter((one) => one !== chain) };
    case '-D': {
      const at = chain.rules.findIndex((one) => (one.comment ?? '') === (rule.comment ?? '') && one.key === rule.key);
      if (at < 0) throw refuse('Bad rule (does a matching rule exist in that chain?).');
      return withRules(chain.rules.toSpliced(at, 1));
    }
    default: {
      const called = chainCalled(rule.rule);
      if (called !== undefined && !table.chains.some((one) => one.name === called)) throw refuse(`Chain '${called}' does not exist`);
      return withRules(command === '-I' ? [rule, ...chain.rules] : [...chain.rules, rule]);
    }
  }
}

/** As iptables-save would print it; a rule outside the grammar is taken to be in that form already. */
function savedForm({ family }: IptablesTable, line: string): string {
  const { rule } = readSavedRule(family, line);
  return rule ? renderRule(family, rule) : line;
}

const isCalled = ({ chains }: IptablesTable, name: string): boolean => chains.some(({ rules }) => rules.some((rule) => calls(rule, name)));
