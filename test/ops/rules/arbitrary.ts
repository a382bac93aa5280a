// Random rules, tables and rule sets over few names, so that they meet.
// SPDX-License-Identifier: Apache-2.0

import * as fc from 'fast-check';
import type { Match, Rule } from '../../../host/kernel/rule.ts';
import type { RuleSet } from '../../../host/ops/rules/rule-set.ts';

export const CHAINS = ['A', 'B', 'C', 'D'];
const COMMENTS = ['x', 'x-1', 'y "z"', 'it\'s'];
const chain = fc.constantFrom(...CHAINS);
const life = fc.constantFrom('attachment', 'network');
const not = fc.constantFrom({}, { not: true });
const mark = fc.record({ value: fc.constantFrom(1, 0x2000), mask: fc.constantFrom(0x2000, 0xffffffff) });

const match: fc.Arbitrary<Match> = fc.tuple(
  fc.oneof(
    fc.constantFrom<Match>({ proto: 'tcp', dport: 80 }, { proto: 'udp', dport: 53 }, { proto: 'tcp', dports: [80, 443] }, { dstType: 'local' }, { proto: 'sctp' }, { iif: 'cni0' }, { oif: 'eth0' }, { ctState: ['new'] }, { ctState: ['established', 'related'] }),
    mark.map((value) => ({ mark: value })),
    fc.constantFrom('10.1.0.5', '10.1.0.0/24', '224.0.0.0/4').chain((prefix) => fc.constantFrom<Match>({ saddr: prefix }, { daddr: prefix })),
  ), not,
).map(([criterion, inverted]) => ({ ...criterion, ...inverted }));

/** `jumps` are rare, so that most rules can be anywhere. */
export const ruleTo = (jumps: readonly string[], comments: readonly string[] = COMMENTS): fc.Arbitrary<Rule> => fc.record({
  match: fc.option(match, { nil: undefined }).map((one) => (one ? [one] : [])),
  action: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Rule['action']>({ verdict: 'accept' }, { verdict: 'return' }, { masquerade: true }, { dnat: { to: '10.1.0.5' } }) },
    ...(jumps.length > 0 ? [{ weight: 1, arbitrary: fc.constantFrom(...jumps).map((jump) => ({ jump })) }] : []),
  ),
  comment: fc.option(fc.constantFrom(...comments), { nil: undefined }),
}).map(({ comment, ...rule }) => (comment === undefined ? rule : { ...rule, comment }));

/** Chains by name, each with its rules; rules call chains that come later, so that there are no loops. */
export const content = (comments?: readonly string[]): fc.Arbitrary<[string, Rule[]][]> => fc.subarray(CHAINS).chain((names) =>
  fc.tuple(...names.map((name, i) => fc.uniqueArray(ruleTo(names.slice(i + 1), comments), { maxLength: 4, selector: (rule) => JSON.stringify(rule) })
    .map((rules): [string, Rule[]] => [name, rules]))));

export function ruleSet(comments: readonly string[] = COMMENTS): fc.Arbitrary<Omit<RuleSet, 'family' | 'table'>> {
  const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 2 });
  const placed = chain.chain((name) => fc.record({ chain: fc.constant(name), rule: ruleTo(after(name), comments) }));
  const filled = chain.chain((name) => fc.record({
    chain: fc.constant(name), rules: fc.uniqueArray(ruleTo(after(name), comments), { maxLength: 3, selector: (one) => JSON.stringify(one) }),
  }));
  const removal = fc.oneof(
    placed, fc.record({ chain, comment: fc.constantFrom(...comments) }), fc.record({ chain, commentPrefix: fc.constant('x') }), fc.record({ chain, jump: chain }),
  );
  const added = fc.tuple(placed, fc.record({ at: fc.constantFrom('start', 'end'), life })).map(([where, how]) => ({ ...where, ...how }));
  const whole = fc.record({
    remove: few(removal),
    drop: few(fc.oneof(fc.record({ chain }), fc.record({ chain, unreferenced: fc.constant(true) }))),
    chains: fc.uniqueArray(fc.record({ name: chain, life }), { maxLength: 3, selector: ({ name }) => name }),
    set: fc.uniqueArray(filled, { maxLength: 2, selector: (one) => one.chain }),
    add: fc.array(added, { maxLength: 4 }),
  });
  return whole as fc.Arbitrary<Omit<RuleSet, 'family' | 'table'>>;
}

const after = (name: string): string[] => CHAINS.slice(CHAINS.indexOf(name) + 1);
