// Operations on packet-filter rules, the same for both backends: what a module may say, then the plan, then one transaction.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { wrongRequest } from '../wrong-request.ts';
import { intend, within, type Call } from './call.ts';
import { needAdd } from './for-verb.ts';
import { isFamily, type RuleFamily } from '../kernel/rule.ts';
import { carryOutPlan, type Plan } from './rules/carry-out-plan.ts';
import type { ListedRule } from './rules/list.ts';
import { checkRuleScope, iptablesChains, nftChains } from './rules/scope.ts';
import { granted } from './scope.ts';
import type { Backend } from './rules/tables.ts';

type RuleSetRequest = Requests['nft.apply'];
type ListRequest = Requests['nft.list'] | Requests['iptables.list'];

export const ruleOps = {
  'nft.usable': (call: Call, req: Requests['nft.usable']) => usable(call.kernel.nft.unusable(req.ns ?? 'container', req.raw)),
  'nft.list': (call: Call, req: Requests['nft.list']) => list(call, 'nft', req),
  'nft.check': (call: Call, req: Requests['nft.check']) => check(call, 'nft', req),
  'nft.apply': (call: Call, req: Requests['nft.apply']) => apply(call, 'nft', req),
  'iptables.usable': (call: Call, req: Requests['iptables.usable']) => usable(isWithoutRules(call, 'iptables')
    ? call.kernel.iptables.unusable(req.ns ?? 'container', req.family) : call.tables.unusableIptables(req.ns ?? 'container', req.family, req.table ?? 'nat')),
  'iptables.list': (call: Call, req: Requests['iptables.list']) => list(call, 'iptables', req),
  'iptables.check': (call: Call, req: Requests['iptables.check']) => check(call, 'iptables', req),
  'iptables.apply': (call: Call, req: Requests['iptables.apply']) => apply(call, 'iptables', req),
};

const usable = (why: string | undefined): { usable: boolean; why?: string } => (why === undefined ? { usable: true } : { usable: false, why });

function list(call: Call, backend: Backend, { ns = 'container', family, table }: ListRequest): Answers['nft.list'] {
  checkRuleScope(call, `${backend}.list`, backend, { family, table });
  const chains = call.tables.list(backend, ns, family, table);
  const own = visibleChains(call, backend, family, table);
  if (!own) return { chains: chains.map(({ name, rules }) => ({ name, rules: rules.map(shown) })) };
  const isJump = ({ jump }: ListedRule): boolean => jump !== undefined && own.owns(jump);
  return {
    chains: chains.filter(({ name }) => own.owns(name) || own.jumpsFrom(name))
      .map(({ name, rules }) => ({ name, rules: (own.owns(name) ? rules : rules.filter(isJump)).map(shown) })),
  };
}

/** Undefined for a table that is the module's as a whole. */
const visibleChains = (call: Call, backend: Backend, family: RuleFamily, table: string) =>
  (backend === 'iptables' ? iptablesChains(call, table) : granted(call, ({ nft }) => nft, `${family} ${table}`) ? undefined : nftChains(call, `${family} ${table}`));

const shown = ({ text, comment }: ListedRule): { text: string; comment?: string } => ({ text, ...(comment === undefined ? {} : { comment }) });

function check(call: Call, backend: Backend, { ns = 'container', ...rules }: RuleSetRequest): Answers['nft.check'] {
  const op = `${backend}.check`;
  checkFamily(op, backend, rules.family);
  checkRuleScope(call, op, backend, rules);
  return { missing: call.tables.plan(backend, ns, rules).missing };
}

function apply(call: Call, backend: Backend, { ns = 'container', ...rules }: RuleSetRequest): Answers['nft.apply'] {
  const op = `${backend}.apply`;
  checkFamily(op, backend, rules.family);
  checkRuleScope(call, op, backend, rules);
  if (makes(rules)) needAdd(call, op, 'with chains, set or add', `${rules.family} ${rules.table}`);
  if (isWithoutRules(call, backend)) return {};
  const intendUndo = ({ undo }: Plan): number[] => LIVES.flatMap((life) => {
    const back = undo[life];
    return back ? [intend(call, op, life, { do: backend, ...within(call, ns), rules: back })] : [];
  });
  carryOutPlan(() => call.tables.plan(backend, ns, rules), call.journal.isForward ? undefined : intendUndo, (i) => call.journal.refused(i));
  return {};
}

const LIVES = ['call', 'network', 'attachment'] as const;

/** Reading a table to find nothing in it takes two starts of a program with iptables. */
const isWithoutRules = ({ verb, onlyBackend }: Call, backend: Backend): boolean => verb === 'DEL' && onlyBackend !== undefined && onlyBackend !== backend;

const makes = ({ chains = [], set = [], add = [] }: Omit<RuleSetRequest, 'ns'>): boolean => chains.length + set.length + add.length > 0;

function checkFamily(op: string, backend: Backend, family: RuleFamily): void {
  if (backend === 'iptables' && !isFamily(family)) throw wrongRequest(op, `family ${family} is nft's only; give ip or ip6`);
}
