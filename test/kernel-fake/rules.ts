// Any packet-filter rule of the grammar, in its normal form.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { normalRule } from '../../host/kernel/normal-rule.ts';
import type { Action, Match, Rule, RuleFamily } from '../../host/kernel/rule.ts';

const port = fc.integer({ min: 1, max: 65535 });
const mark = fc.record({ value: fc.nat(0xffffffff), mask: fc.nat(0xffffffff) });
const prefix = fc.oneof(fc.ipV4(), fc.ipV6());
const proto = fc.constantFrom('tcp', 'udp', 'sctp');
const device = fc.constantFrom('eth0', 'cni-podman0', 'eth0.1@x');
const chain = fc.constantFrom('CNI-a', 'CNI-b', 'chain', 'a/b:c');

const criterion: fc.Arbitrary<Match> = fc.oneof(
  fc.record({ saddr: prefix }), fc.record({ daddr: prefix }), fc.record({ proto }), fc.record({ proto, dport: port }),
  fc.record({ proto, dports: fc.array(port, { minLength: 1, maxLength: 15 }) }), fc.constant({ dstType: 'local' } as const), fc.record({ mark }),
  fc.record({ iif: device }), fc.record({ oif: device }), fc.record({ ethSaddr: fc.constantFrom('02:00:00:00:00:01', '0a:58:0a:01:00:05') }),
  fc.record({ ctState: fc.subarray(['invalid', 'established', 'related', 'new', 'untracked'] as const, { minLength: 1 }).map((states) => [...states]) }),
);
const match: fc.Arbitrary<Match> = fc.tuple(criterion, fc.boolean()).map(([of, not]) => (not ? { ...of, not } : of));
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ verdict: fc.constantFrom('accept' as const, 'drop' as const, 'return' as const) }), fc.record({ jump: chain }), fc.record({ goto: chain }),
  fc.constant({ masquerade: true }), fc.record({ setMark: mark }),
  fc.record({ dnat: fc.record({ to: prefix, port }) }), fc.record({ dnat: fc.record({ to: prefix }) }),
);

export const anyRule = (family: RuleFamily): fc.Arbitrary<Rule> =>
  fc.tuple(fc.array(match, { maxLength: 3 }), action, fc.option(fc.string({ maxLength: 20 }))).map(([matches, act, comment]) => {
    try {
      return normalRule(family, { match: matches, action: act, ...(comment === null ? {} : { comment }) });
    } catch (error) {
      // Parts that contradict each other.
      if (!(error instanceof KernelError)) throw error;
      return normalRule(family, { match: [], action: { verdict: 'accept' }, ...(comment === null ? {} : { comment }) });
    }
  });
