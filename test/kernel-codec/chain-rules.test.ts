// The rules of a chain by their comments, whatever was put into it and taken out: always those that a look through all of them finds.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Body } from '../../host/kernel/live/attributes.ts';
import { ChainRules, type Put } from '../../host/kernel/live/chain-rules.ts';
import { KernelRule } from '../../host/kernel/live/kernel-rule.ts';
import { messagesIn } from '../../host/kernel/live/netlink-message.ts';
import { commentToUserdata } from '../../host/kernel/live/nft-userdata.ts';
import { nfgenmsg, RULE } from '../../host/kernel/live/nft-wire.ts';
import { answer } from './scripted-libc.ts';

let handles = 0;
function rule(comment: string | undefined): KernelRule {
  const body = new Body(nfgenmsg(2)).be64(RULE.HANDLE, BigInt(++handles));
  if (comment !== undefined) body.attribute(RULE.USERDATA, commentToUserdata(comment));
  return new KernelRule(messagesIn(answer(1, 6, 2, body.done()))[0]!);
}

/** As commented() says it: undefined for others in a row. */
const expected = (rules: readonly KernelRule[], starts: readonly string[]): (number | undefined)[] => rules
  .map(({ handle, comment }) => (starts.some((start) => comment?.startsWith(start)) ? handle : undefined))
  .filter((handle, i, all) => handle !== undefined || i === 0 || all[i - 1] !== undefined);

const comment = fc.option(fc.constantFrom('a', 'ab', 'abc', 'b', 'ba', 'ä', '', '\u{1f600}'), { nil: undefined });
const step = fc.oneof(
  fc.record({ put: comment, at: fc.oneof(fc.constantFrom('start' as const, 'end' as const), fc.record({ behind: fc.nat(9) })) }),
  fc.record({ take: fc.array(fc.nat(9), { maxLength: 3 }) }),
  fc.record({ ask: fc.array(fc.constantFrom('a', 'ab', 'b', 'c', 'ä', 'abcd', '\ud83d', '\ufffd'), { minLength: 1, maxLength: 3 }) }),
);

test('those asked for are those that a look through all finds, in order', () => {
  fc.assert(fc.property(fc.array(comment, { maxLength: 8 }), fc.array(step, { maxLength: 20 }), (comments, steps) => {
    const all = comments.map(rule);
    const chain = new ChainRules([...all]);
    for (const one of steps) {
      if ('ask' in one) assert.equal(chain.commented(one.ask).map((found) => found?.handle), expected(all, one.ask));
      else if ('take' in one) {
        const gone = new Set(one.take.flatMap((i) => all[i]?.handle ?? []));
        chain.remove(gone);
        all.splice(0, all.length, ...all.filter(({ handle }) => !gone.has(handle)));
      } else {
        const added = rule(one.put);
        const place = one.at === 'start' ? 0 : one.at === 'end' ? all.length : one.at.behind < all.length ? one.at.behind + 1 : undefined;
        const at: Put = typeof one.at === 'string' ? one.at : { behind: all[one.at.behind]?.handle ?? 0 };
        assert.is(chain.put(added, at), place !== undefined);
        if (place !== undefined) all.splice(place, 0, added);
      }
      assert.equal(chain.inOrder.map(({ handle }) => handle), all.map(({ handle }) => handle));
    }
  }), { numRuns: 1000 });
});

test.run();
