// Routing policy rules over rtnetlink (linux/fib_rules.h).
// SPDX-License-Identifier: Apache-2.0

import { AF, formatPrefix, parsePrefix } from '../address.ts';
import { KernelError, WrongValue } from '../kernel-error.ts';
import type { Ns, PolicyRule, PolicyRuleKernel } from '../kernel.ts';
import { isMeant } from '../policy-rule.ts';
import type { Family } from '../rule.ts';
import { attributesAfter, Body, u32Of, type Attributes } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink.ts';

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTM_GETRULE = 34;
const FRA = { DST: 1, SRC: 2, PRIORITY: 6, SUPPRESS_PREFIXLEN: 14, TABLE: 15, PROTOCOL: 21 } as const;
/** What a rule that only looks at addresses has, besides SUPPRESS_PREFIXLEN, which the kernel gives with every rule. */
const PLAIN: ReadonlySet<number> = new Set([FRA.DST, FRA.SRC, FRA.PRIORITY, FRA.TABLE, FRA.PROTOCOL]);
const NO_LIMIT = 0xffffffff;
const FR_ACT_TO_TBL = 1;
const FIB_RULE_INVERT = 2;
const HEADER = 12;

type Listed = PolicyRule & { priority: number };

export function policyRuleKernel(context: LiveContext): PolicyRuleKernel {
  const dump = (ns: Ns, family: Family): { rule: Listed; plain: boolean }[] =>
    context.route(ns).dumpFamily(AF[family], RTM_GETRULE, Buffer.from([AF[family], ...new Array<number>(HEADER - 1).fill(0)]), 'list policy rules')
      .map(({ body }) => parseRule(body, family));
  return {
    list: (ns, family) => dump(ns, family).flatMap(({ rule, plain }) => (plain ? [rule] : [])),
    add: (ns, rule) => void context.route(ns).request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, wire(rule), `add policy rule ${words(rule)}`),
    delete(ns, rule) {
      const action = `delete policy rule ${words(rule)}`;
      // The kernel takes what is left out as "any" and would delete somebody else's rule: it is asked only for one that was seen.
      const there = dump(ns, rule.family);
      const found = there.find(({ rule: other, plain }) => plain && isMeant(other, rule));
      if (!found) throw new KernelError('ENOENT', action);
      // And of several that fit it takes the first.
      if (there.find(({ rule: other }) => fits(other, found.rule)) !== found) throw new KernelError('EBUSY', action, 'another rule of this priority and table, which looks at more, stands before it and would go in its place');
      context.route(ns).request(RTM_DELRULE, 0, wire(found.rule), action);
    },
  };
}

const words = ({ from, to, table, priority }: PolicyRule): string =>
  `from ${from ?? 'all'} to ${to ?? 'all'} lookup ${table}${priority === undefined ? '' : ` priority ${priority}`}`;

/** For the kernel, which compares what is said alone. */
const fits = (listed: Listed, asked: Listed): boolean =>
  listed.table === asked.table && listed.priority === asked.priority && [[listed.from, asked.from], [listed.to, asked.to]].every(([is, said]) => said === undefined || is === said);

/** struct fib_rule_hdr */
function wire({ family, from, to, table, priority }: PolicyRule): Buffer {
  const side = (text: string | undefined): { bytes: Uint8Array; length: number } => {
    const prefix = text === undefined ? undefined : parsePrefix(text);
    if (prefix && prefix.family !== AF[family]) throw new WrongValue(`use ${text} in a policy rule`, `the rule is of family ${family}`);
    return prefix ?? { bytes: Buffer.alloc(0), length: 0 };
  };
  const [source, target] = [side(from), side(to)];
  const body = new Body(Buffer.from([AF[family], target.length, source.length, 0, table < 256 ? table : 0, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0]));
  if (target.length > 0) body.attribute(FRA.DST, target.bytes);
  if (source.length > 0) body.attribute(FRA.SRC, source.bytes);
  body.u32(FRA.TABLE, table);
  if (priority !== undefined) body.u32(FRA.PRIORITY, priority);
  return body.done();
}

function parseRule(body: Buffer, family: Family): { rule: Listed; plain: boolean } {
  const attributes = attributesAfter(body, HEADER);
  const [from, to] = [attributes.get(FRA.SRC), attributes.get(FRA.DST)];
  const rule = {
    family,
    priority: u32Of(attributes.get(FRA.PRIORITY)),
    table: attributes.has(FRA.TABLE) ? u32Of(attributes.get(FRA.TABLE)) : body[4]!,
    ...(from ? { from: formatPrefix(from, body[2]!) } : {}),
    ...(to ? { to: formatPrefix(to, body[1]!) } : {}),
  };
  return { rule, plain: isPlain(body, attributes) };
}

const isPlain = (body: Buffer, attributes: Attributes): boolean =>
  body[3] === 0 && body[7] === FR_ACT_TO_TBL && (body.readUInt32LE(8) & FIB_RULE_INVERT) === 0 &&
  attributes.types.every((type) => PLAIN.has(type) || (type === FRA.SUPPRESS_PREFIXLEN && u32Of(attributes.get(type)) === NO_LIMIT));
