// Rules of nf_tables with bytes changed: whatever a later kernel lists is a rule, someone else's rule, or an error that says so.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { Body } from '../../host/kernel/live/attributes.ts';
import { decodeRule, jumpOf } from '../../host/kernel/live/nft-decode.ts';
import { encodeRule } from '../../host/kernel/live/nft-encode.ts';
import { chainCalled, type RuleFamily } from '../../host/kernel/rule.ts';
import { anyRule } from '../kernel-fake/rules.ts';
import { runs } from './runs.ts';

const changes = fc.array(fc.tuple(fc.nat(400), fc.oneof(fc.nat(40), fc.nat(255))), { maxLength: 4 });

function encoded(family: RuleFamily, rule: Parameters<typeof encodeRule>[1]): Buffer {
  const body = new Body();
  encodeRule(family, rule, () => 1).fill(body);
  return body.done();
}

test('a rule with other bytes in it', () => {
  let ours = 0;
  const rules = fc.constantFrom<RuleFamily>('ip', 'ip6', 'inet').chain((family) => anyRule(family).map((rule) => ({ family, rule })))
    // iptables alone has chains with such a name.
    .filter(({ rule }) => !chainCalled(rule)?.includes(':'));
  fc.assert(fc.property(rules, changes, fc.option(fc.nat(400), { nil: undefined }), ({ family, rule }, changed, cut) => {
    const bytes = encoded(family, rule);
    for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
    const some = bytes.subarray(0, cut);
    try {
      jumpOf(some);
      if (decodeRule(family, some, undefined, () => [80])) ours++;
    } catch (error) {
      assert.instance(error, KernelError, (error as Error).stack ?? '');
    }
  }), runs(5000));
  assert.ok(ours > 500, `only ${ours} could be read`);
});

test.run();
