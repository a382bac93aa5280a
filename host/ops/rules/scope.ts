// Which chains a module may own, which built-in chains it may jump from, and whom it may send traffic to.
// SPDX-License-Identifier: Apache-2.0

import type { Call } from '../call.ts';
import { denied, granted } from '../scope.ts';
import type { Rule } from '../../kernel/rule.ts';
import type { RuleSet } from './rule-set.ts';
import type { Backend } from './tables.ts';

type Scoped = Pick<RuleSet, 'family' | 'table'> & Partial<RuleSet>;

export function checkRuleScope(call: Call, op: string, backend: Backend, rules: Scoped): void {
  if (backend === 'nft') checkTable(call, op, rules);
  else checkChains(call, op, rules);
  for (const rule of addedRules(rules)) checkTarget(call, op, rule);
}

/** An nft table is a module's as a whole: nobody else's rules live there. */
function checkTable(call: Call, op: string, { family, table }: Scoped): void {
  if (!granted(call, call.grants.nft, `${family} ${table}`)) throw denied(call, op, `of table "${family} ${table}"`, { nft: [`${family} ${table}`] });
}

/** iptables tables are everybody's: own chains by name, and in built-in chains only jumps to them. */
function checkChains(call: Call, op: string, rules: Scoped): void {
  const scope = call.grants.iptables[rules.table];
  const owns = (chain: string): boolean => scope !== undefined && granted(call, scope.chains, chain);
  const grant = (chain: string) => ({ iptables: { [rules.table]: { chains: [chain], jumpFrom: [] } } });
  if (!scope) throw denied(call, op, `of table "${rules.table}"`, { iptables: { [rules.table]: { chains: [], jumpFrom: [] } } });
  for (const chain of [...names(rules.chains), ...chains(rules.drop), ...chains(rules.set)]) {
    if (!owns(chain)) throw denied(call, op, `of chain "${chain}" in table "${rules.table}"`, grant(chain));
  }
  const jumps = [
    ...(rules.add ?? []).map(({ chain, rule }) => ({ chain, to: rule.action.jump ?? rule.action.goto })),
    ...(rules.remove ?? []).map(({ chain, rule, jump }) => ({ chain, to: jump ?? rule?.action.jump ?? rule?.action.goto })),
  ];
  for (const { chain, to } of jumps) {
    if (owns(chain)) continue;
    if (!scope.jumpFrom.includes(chain) || to === undefined || !owns(to)) {
      throw denied(call, op, `of a rule in chain "${chain}" of table "${rules.table}" that is no jump to an own chain`, grant(chain));
    }
  }
}

/** Traffic may be sent to the attachment's own addresses and nowhere else. */
function checkTarget(call: Call, op: string, { action: { dnat } }: Rule): void {
  if (dnat && !call.addresses.has(dnat.to)) throw denied(call, op, `of a dnat to ${dnat.to}, which is no address of this attachment`, {});
}

const addedRules = ({ add, set }: Scoped): Rule[] => [...(add ?? []).map(({ rule }) => rule), ...(set ?? []).flatMap((chain) => chain.rules)];
const names = (list: readonly { name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);
const chains = (list: readonly { chain: string }[] | undefined): string[] => (list ?? []).map(({ chain }) => chain);
