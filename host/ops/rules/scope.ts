// Which chains a module may own, which built-in chains it may jump from, and whom it may send traffic to.
// SPDX-License-Identifier: Apache-2.0

import { isDeepStrictEqual } from 'node:util';
import { field } from '../../protocol/go-json.ts';
import type { Call } from '../call.ts';
import type { Grants } from '../../grant/grants.ts';
import { denied, granted, isOwnAddress } from '../scope.ts';
import { chainCalled, type Rule } from '../../kernel/rule.ts';
import { builtInChains } from '../../kernel/built-in-chains.ts';
import type { RuleSet, WantedChain } from './rule-set.ts';
import type { Backend } from './tables.ts';

type Scoped = Pick<RuleSet, 'family' | 'table'> & Partial<RuleSet>;

export function checkRuleScope(call: Call, op: string, backend: Backend, rules: Scoped): void {
  if (backend === 'nft') checkTable(call, op, rules);
  else checkChains(call, op, rules);
  for (const rule of addedRules(rules)) {
    checkTarget(call, op, rule);
    checkRaw(call, op, rule);
  }
}

/** The chains of a table that are the module's, and those that are everybody's, which it may put jumps into. */
interface Chains {
  owns(chain: string): boolean;
  jumpsFrom(chain: string): boolean;
  /** from its own chains, into one that is not its own */
  jumpsTo(chain: string): boolean;
  grant(chain: string): object | undefined;
  /** what would allow a jump there */
  grantJump(chain: string): object | undefined;
  /** of the table, for the audit log */
  label: string;
}

/** An nft table is a module's as a whole, or some of its chains are. */
function checkTable(call: Call, op: string, rules: Scoped): void {
  const name = `${rules.family} ${rules.table}`;
  if (granted(call, ({ nft }) => nft, name)) return;
  const chains = nftChains(call, name);
  if (!chains) throw denied(call, op, `of table "${name}"`, { nft: [name] }, name);
  for (const chain of rules.chains ?? []) checkHook(call, op, chains, chain);
  // A base chain may be made, never emptied or taken away.
  checkChanges(call, op, { ...rules, chains: (rules.chains ?? []).filter((chain) => !chains.jumpsFrom(chain.name)) }, chains);
}

/**
 * In a table that others use too. A chain of the module's own sees what is sent there, and no more. A base chain is everybody's who jumps from it, and its
 * name says what they expect of it: with another hook, or with none, they would not see what they look at.
 */
function checkHook(call: Call, op: string, { owns, jumpsFrom, label }: Chains, { name, hook }: WantedChain): void {
  const at = `${label} ${name}`;
  if (jumpsFrom(name) && hook?.hook !== name.toLowerCase()) {
    throw denied(call, op, `of base chain "${name}" in table "${label}" with ${hook ? `the hook "${hook.hook}"` : 'no hook'}, which is not that of its name,`, undefined, at);
  }
  if (owns(name) && hook) throw denied(call, op, `of a hook for chain "${name}" in table "${label}", of which only chains are granted,`, { nft: [label] }, at);
}

/** Undefined for a table of which the module has none. */
export function nftChains(call: Call, table: string): Chains | undefined {
  if (!call.grants.nft.some((pattern) => pattern.startsWith(`${table} `))) return undefined;
  const isBase = (pattern: string): boolean => pattern.endsWith(' jump');
  const jumpsFrom = (chain: string): boolean => granted(call, ({ nft }) => nft.filter(isBase), `${table} ${chain} jump`);
  return {
    owns: (chain) => !chain.includes(' ') && !jumpsFrom(chain) && granted(call, ({ nft }) => nft.filter((pattern) => !isBase(pattern)), `${table} ${chain}`),
    jumpsFrom,
    jumpsTo: () => false,
    label: table,
    grant: (chain) => ({ nft: [`${table} ${chain}`] }),
    grantJump: () => undefined,
  };
}

/** iptables tables are everybody's: own chains by name, and in built-in chains only jumps to them. */
function checkChains(call: Call, op: string, rules: Scoped): void {
  const chains = iptablesChains(call, rules.table);
  if (!chains) throw denied(call, op, `of table "${rules.table}"`, { iptables: { [rules.table]: { chains: [], jumpFrom: [] } } }, rules.table);
  checkChanges(call, op, rules, chains);
}

/** Undefined for a table of which the module has none. */
export function iptablesChains(call: Call, table: string): Chains | undefined {
  const scopeIn = ({ iptables }: Grants) => (Object.hasOwn(iptables, table) ? iptables[table] : undefined);
  const scope = scopeIn(call.grants);
  return scope && {
    // A pattern may be filled in by the configuration; the built-in chains stay everybody's whatever it says.
    owns: (chain) => !builtInChains(table).includes(chain) && granted(call, (words) => scopeIn(words)?.chains ?? [], chain),
    jumpsFrom: (chain) => scope.jumpFrom.includes(chain),
    jumpsTo: (chain) => !builtInChains(table).includes(chain) && granted(call, (words) => scopeIn(words)?.jumpTo ?? [], chain),
    grant: (chain) => (builtInChains(table).includes(chain) ? undefined : { iptables: { [table]: { chains: [chain], jumpFrom: [] } } }),
    grantJump: (chain) => ({ iptables: { [table]: { chains: [], jumpFrom: [], jumpTo: [chain] } } }),
    label: table,
  };
}

function checkChanges(call: Call, op: string, rules: Scoped, { owns, jumpsFrom, jumpsTo, grant, grantJump, label }: Chains): void {
  for (const chain of [...names(rules.chains), ...chainsOf(rules.drop), ...chainsOf(rules.set)]) {
    if (!owns(chain)) throw denied(call, op, `of chain "${chain}" in table "${rules.table}"`, grant(chain), `${label} ${chain}`);
  }
  const jumps = [
    ...(rules.add ?? []).map(({ chain, rule }) => ({ chain, to: chainCalled(rule) })),
    ...(rules.remove ?? []).map(({ chain, rule, jump }) => ({ chain, to: jump ?? chainCalled(rule) })),
  ];
  for (const { chain, to } of jumps) {
    if (owns(chain)) continue;
    if (!jumpsFrom(chain) || to === undefined || !owns(to)) {
      throw denied(call, op, `of a rule in chain "${chain}" of table "${rules.table}" that is no jump to an own chain`, grant(chain), `${label} ${chain}`);
    }
  }
  for (const to of addedRules(rules).map(chainCalled)) {
    // What another's chain does with the traffic, sending it elsewhere for one, would be done in this module's name.
    if (to !== undefined && !owns(to) && !jumpsTo(to)) throw denied(call, op, `of a jump to "${to}" in table "${rules.table}", which is no own chain,`, grantJump(to), `${label} ${to}`);
  }
}

/** Traffic may be sent to the attachment's own addresses and nowhere else. */
function checkTarget(call: Call, op: string, { action: { dnat } }: Rule): void {
  if (dnat && !isOwnAddress(call, dnat.to)) throw denied(call, op, `of a dnat to ${dnat.to}, which is no address of this attachment,`, undefined, dnat.to);
}

/** Words of the backend go into a rule only as the operator wrote them in the configuration. */
function checkRaw(call: Call, op: string, { match }: Rule): void {
  for (const { raw } of match) {
    if (raw === undefined) continue;
    const written = call.grants.rawMatch.map((key) => field(call.request.netconf.value, key));
    if (!written.some((words) => Array.isArray(words) && isDeepStrictEqual(words.filter((word) => word !== ''), raw))) {
      throw denied(call, op, `of the words ${JSON.stringify(raw)}, which are not those of a key of the configuration that it may use,`, { rawMatch: ['KEY'] }, raw.join(' '));
    }
  }
}

const addedRules = ({ add, set }: Scoped): Rule[] => [...(add ?? []).map(({ rule }) => rule), ...(set ?? []).flatMap((chain) => chain.rules)];
const names = (list: readonly { name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);
const chainsOf = (list: readonly { chain: string }[] | undefined): string[] => (list ?? []).map(({ chain }) => chain);
