// Routing policy rules over rtnetlink (linux/fib_rules.h).
// SPDX-License-Identifier: Apache-2.0

import { formatPrefix, parsePrefix } from '../address.ts';
import type { PolicyRule, PolicyRuleKernel } from '../kernel.ts';
import { attributesOf, Body, u32Of } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink.ts';

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTM_GETRULE = 34;
const FRA = { DST: 1, SRC: 2, PRIORITY: 6, TABLE: 15 } as const;
const FR_ACT_TO_TBL = 1;
const FAMILY = { ip: 2, ip6: 10 } as const;

export function policyRuleKernel(context: LiveContext): PolicyRuleKernel {
  return {
    list: (ns, family) => context.route(ns).dump(RTM_GETRULE, Buffer.from([FAMILY[family], ...new Array<number>(11).fill(0)]), 'list rules').map(({ body }) => parseRule(body, family)),
    add: (ns, rule) => void context.route(ns).request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, wire(rule), `add rule to table ${rule.table}`),
    delete: (ns, rule) => void context.route(ns).request(RTM_DELRULE, 0, wire(rule), `delete rule to table ${rule.table}`),
  };
}

/** struct fib_rule_hdr */
function wire({ family, from, to, table, priority }: PolicyRule): Buffer {
  const source = from === undefined ? undefined : parsePrefix(from);
  const target = to === undefined ? undefined : parsePrefix(to);
  const body = new Body(Buffer.from([FAMILY[family], target?.length ?? 0, source?.length ?? 0, 0, table < 256 ? table : 0, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0]));
  if (target?.length) body.attribute(FRA.DST, target.bytes);
  if (source?.length) body.attribute(FRA.SRC, source.bytes);
  body.u32(FRA.TABLE, table);
  if (priority !== undefined) body.u32(FRA.PRIORITY, priority);
  return body.done();
}

function parseRule(body: Buffer, family: PolicyRule['family']): PolicyRule & { priority: number } {
  const attributes = attributesOf(body.subarray(12));
  const [from, to] = [attributes.get(FRA.SRC), attributes.get(FRA.DST)];
  return {
    family,
    priority: u32Of(attributes.get(FRA.PRIORITY)),
    table: attributes.has(FRA.TABLE) ? u32Of(attributes.get(FRA.TABLE)) : body[4]!,
    ...(from ? { from: formatPrefix(from, body[2]!) } : {}),
    ...(to ? { to: formatPrefix(to, body[1]!) } : {}),
  };
}
