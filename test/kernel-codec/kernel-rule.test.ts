// Rules by a text that stands in them, whatever datagrams they came in, and in whatever order they are now.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { having, KernelRule } from '../../host/kernel/live/kernel-rule.ts';
import { messagesIn } from '../../host/kernel/live/netlink-message.ts';
import { answer } from './scripted-libc.ts';

test('those that have one of the texts, and no other', () => {
  const text = fc.constantFrom('x', 'y', 'xy', 'z');
  const datagram = fc.array(fc.array(text, { maxLength: 3 }).map((words) => words.join('-')), { maxLength: 4 });
  fc.assert(fc.property(fc.array(datagram, { maxLength: 4 }), fc.infiniteStream(fc.nat()), fc.array(text, { minLength: 1, maxLength: 2 }), (datagrams, order, texts) => {
    const rules = datagrams.map((bodies) => Buffer.concat(bodies.map((body) => answer(1, 6, 2, Buffer.from(body)))))
      .flatMap((bytes) => messagesIn(bytes)).map((message) => new KernelRule(message));
    const mixed = rules.map((rule) => ({ rule, at: order.next().value as number })).sort((a, b) => a.at - b.at).map(({ rule }) => rule);
    const has = (rule: KernelRule): boolean => texts.some((one) => rule.data.subarray(rule.start, rule.end).includes(one));
    assert.equal(having(mixed, texts), mixed.filter(has));
  }), { numRuns: 500 });
});

test.run();
