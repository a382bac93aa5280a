// Operations on routing policy rules.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import type { Ns, PolicyRule } from '../kernel/kernel.ts';
import { isMeant } from '../kernel/policy-rule.ts';
import { change, lifeOn, within, type Call } from './call.ts';
import { denied, isOwnPrefix, needNs } from './scope.ts';

export const policyRuleOps = { 'rule.list': list, 'rule.add': add, 'rule.delete': remove };

function list(call: Call, req: Requests['rule.list']): Answers['rule.list'] {
  const ns = req.ns ?? 'container';
  const rules = call.kernel.policyRule.list(ns, req.family)
    .filter(({ from, to }) => ns === 'container' || isOwn(call, from, to))
    .map(({ priority, table, from, to }) => ({ priority, table, ...(from ? { from } : {}), ...(to ? { to } : {}) }));
  return { rules };
}

function add(call: Call, req: Requests['rule.add']): Answers['rule.add'] {
  const { ns, rule } = wanted(call, 'rule.add', req);
  change(call, 'rule.add', lifeOn({ ns }, 'attachment'), { do: 'delete policy rule', ...within(call, ns), rule }, () =>
    call.kernel.policyRule.add(ns, rule));
  return {};
}

function remove(call: Call, req: Requests['rule.delete']): Answers['rule.delete'] {
  const { ns, rule } = wanted(call, 'rule.delete', req);
  // With its priority, so that it comes back to its place.
  const same = call.kernel.policyRule.list(ns, rule.family).find((one) => isMeant(one, rule)) ?? rule;
  change(call, 'rule.delete', lifeOn({ ns }, 'attachment'), { do: 'add policy rule', ...within(call, ns), rule: same }, () =>
    call.kernel.policyRule.delete(ns, same));
  return {};
}

function wanted(call: Call, op: string, req: Requests['rule.add']): { ns: Ns; rule: PolicyRule } {
  const { ns = 'container', ...rule } = req;
  needNs(call, op, 'rule', ns);
  if (ns === 'host' && !isOwn(call, rule.from, rule.to)) {
    const whose = rule.from ?? rule.to;
    throw denied(call, op, whose === undefined ? 'of all traffic of the host' : `of ${whose} on the host, which is no address of this attachment,`, undefined, `host:${whose ?? 'all'}`);
  }
  return { ns, rule };
}

/** It is about the attachment's own traffic. */
const isOwn = (call: Call, ...prefixes: (string | undefined)[]): boolean => prefixes.some((prefix) => prefix !== undefined && isOwnPrefix(call, prefix));
