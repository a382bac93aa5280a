// One line of iptables-restore --noflush, carried out on a table.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { IptablesChain, IptablesTable } from '../kernel.ts';

const CHAIN_MAX = 28;
/** Everything else after -j is a chain. */
const TARGETS = new Set([
  'ACCEPT', 'DROP', 'RETURN', 'QUEUE', 'REJECT', 'LOG', 'MARK', 'CONNMARK', 'NOTRACK', 'CT', 'TCPMSS', 'TRACE',
  'MASQUERADE', 'DNAT', 'SNAT', 'REDIRECT', 'NETMAP',
]);

export function restoreLine(table: IptablesTable, line: string, action: string): void {
  const [word, name = '', ...rest] = line.split(' ');
  const rule = canonical(table.family, rest.join(' '));
  switch (word) {
    case '-N': return addChain(table, name, action);
    case '-F': chainOf(table, name, action).rules = []; return;
    case '-X': return deleteChain(table, name, action);
    case '-P': chainOf(table, name, action).policy = rest[0] ?? 'ACCEPT'; return;
    case '-A': checkTarget(table, rule, action); chainOf(table, name, action).rules.push(rule); return;
    case '-I': return insertRule(table, name, rule, action);
    case '-D': return deleteRule(table, name, rule, action);
    default: {
      const [, chain, policy] = /^:(\S+) (\S+)(?: \[\d+:\d+\])?$/.exec(line) ?? [];
      if (chain === undefined || policy === undefined) throw new KernelError('EIPTABLES', action, `Bad argument \`${line}'`);
      declareChain(table, chain, policy, action);
    }
  }
}

/** Addresses as iptables-save prints them, with their prefix length. */
const canonical = (family: 'ip' | 'ip6', rule: string): string =>
  rule.replace(/(?<=(?:^| )-[sd] )([0-9a-f.:]+)(?= |$)/g, `$1/${family === 'ip' ? 32 : 128}`);

/** `:CHAIN -` empties a chain that is there, even with --noflush. */
function declareChain(table: IptablesTable, name: string, policy: string, action: string): void {
  const old = table.chains.find((chain) => chain.name === name);
  if (!old) addChain(table, name, action);
  else if (old.policy === undefined) old.rules = [];
  else if (policy !== '-') old.policy = policy;
}

function addChain(table: IptablesTable, name: string, action: string): void {
  if (name.length > CHAIN_MAX) throw new KernelError('EIPTABLES', action, `chain name \`${name}' too long (must be under 29 chars)`);
  if (table.chains.some((chain) => chain.name === name)) throw new KernelError('EIPTABLES', action, 'Chain already exists.');
  table.chains.push({ name, rules: [] });
}

function chainOf(table: IptablesTable, name: string, action: string): IptablesChain {
  const found = table.chains.find((chain) => chain.name === name);
  if (!found) throw new KernelError('EIPTABLES', action, 'No chain/target/match by that name.');
  return found;
}

function deleteChain(table: IptablesTable, name: string, action: string): void {
  const chain = chainOf(table, name, action);
  const used = table.chains.some(({ rules }) => rules.some((rule) => targetOf(rule) === name));
  if (used || chain.rules.length > 0 || chain.policy !== undefined) throw new KernelError('EIPTABLES', action, `CHAIN_DEL failed (Device or resource busy): chain ${name}`);
  table.chains.splice(table.chains.indexOf(chain), 1);
}

function insertRule(table: IptablesTable, name: string, text: string, action: string): void {
  const [, at = '1', rule = ''] = /^(?:(\d+) )?(.*)$/.exec(text) ?? [];
  const { rules } = chainOf(table, name, action);
  checkTarget(table, rule, action);
  if (Number(at) > rules.length + 1) throw new KernelError('EIPTABLES', action, 'Index of insertion too big.');
  rules.splice(Number(at) - 1, 0, rule);
}

function deleteRule(table: IptablesTable, name: string, rule: string, action: string): void {
  const { rules } = chainOf(table, name, action);
  const at = /^\d+$/.test(rule) ? Number(rule) - 1 : rules.indexOf(rule);
  if (at < 0 || at >= rules.length) throw new KernelError('EIPTABLES', action, 'Bad rule (does a matching rule exist in that chain?).');
  rules.splice(at, 1);
}

function checkTarget(table: IptablesTable, rule: string, action: string): void {
  const target = targetOf(rule);
  if (target === undefined || TARGETS.has(target)) return;
  const chain = table.chains.find(({ name }) => name === target);
  if (!chain) throw new KernelError('EIPTABLES', action, `Chain '${target}' does not exist`);
  if (chain.policy !== undefined) throw new KernelError('EIPTABLES', action, `${target} is a built-in chain`);
}

const targetOf = (rule: string): string | undefined => / -(?:j|g) (\S+)/.exec(` ${rule}`)?.[1];
