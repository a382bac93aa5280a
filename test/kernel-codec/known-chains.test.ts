// What is known of chains is forgotten when it cannot be said what became of it, and is never more than the host has room for.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Body } from '../../host/kernel/live/attributes.ts';
import { KernelRule } from '../../host/kernel/live/kernel-rule.ts';
import { KnownChains } from '../../host/kernel/live/known-chains.ts';
import { messagesIn } from '../../host/kernel/live/netlink-message.ts';
import type { Part } from '../../host/kernel/live/netlink.ts';
import { BATCH_BEGIN, BATCH_END, MSG, nfgenmsg, RULE, SUBSYSTEM } from '../../host/kernel/live/nft-wire.ts';
import { answer } from './scripted-libc.ts';

const PLACE = { family: 'ip', table: 't', chain: 'c' } as const;
const rulesOf = (generation: number, count: number): KernelRule[] => {
  const [message] = messagesIn(answer(1, 6, 2, nfgenmsg(2, generation & 0xffff)));
  return Array.from({ length: count }, () => new KernelRule(message!));
};
const part = (type: number, flags = 0): Part => ({ type: (SUBSYSTEM << 8) | type, flags, body: new Body(nfgenmsg(2)).text(RULE.TABLE, 't').text(RULE.CHAIN, 'c').done() });
const batch = (...parts: Part[]): Part[] => [{ type: BATCH_BEGIN, flags: 0, body: nfgenmsg(0) }, ...parts, { type: BATCH_END, flags: 0, body: nfgenmsg(0) }];
const generationIs = (generation: number) => ({ part: 1, message: messagesIn(answer(1, (SUBSYSTEM << 8) | MSG.NEWGEN, 0, new Body(nfgenmsg(0)).be32(1, generation).done()))[0]! });

function knownAt(generation: number): KnownChains {
  const known = new KnownChains();
  known.begin(generation);
  known.keepRules(generation, PLACE, rulesOf(generation, 3));
  return known;
}

test('of this generation, and no other', () => {
  const known = knownAt(70_000);
  assert.is(known.rulesOf(70_000, PLACE)?.inOrder.length, 3);
  assert.is(known.rulesOf(70_001, PLACE), undefined);
  known.keepRules(69_999, PLACE, rulesOf(69_999, 1));
  known.keepRules(70_000, PLACE, rulesOf(70_001, 1));
  assert.is(known.rulesOf(70_000, PLACE)?.inOrder.length, 3, 'what was listed of another generation is not kept');
  known.begin(70_001);
  assert.is(known.rulesOf(70_001, PLACE), undefined);
});

test('a transaction that is not told of, or only in part, or that came after others, leaves nothing known', () => {
  const flush = batch(part(MSG.DELRULE));
  const known = knownAt(1);
  known.follow({ parts: flush, echoes: [generationIs(2)] });
  assert.equal(known.rulesOf(2, PLACE)?.inOrder, []);
  for (const [parts, echoes] of [[flush, []], [flush, [generationIs(3)]], [batch(part(MSG.NEWRULE)), [generationIs(2)]], [batch(part(99)), [generationIs(2)]]] as const) {
    const other = knownAt(1);
    other.follow({ parts, echoes });
    for (const generation of [1, 2, 3]) assert.is(other.rulesOf(generation, PLACE), undefined);
  }
});

test('what another thread has done counts when it is the next change, and says nothing of what is known when it is not', () => {
  const known = knownAt(1);
  const flush = (generation: number) => ({ parts: batch(part(MSG.DELRULE)), echoes: [generationIs(generation)] });
  for (const other of [1, 3, 70_000]) known.hear(flush(other));
  assert.is(known.rulesOf(1, PLACE)?.inOrder.length, 3);
  known.hear(flush(2));
  assert.equal(known.rulesOf(2, PLACE)?.inOrder, []);
  known.hear({ parts: batch(part(MSG.NEWRULE)), echoes: [generationIs(3)] });
  for (const generation of [1, 2, 3]) assert.is(known.rulesOf(generation, PLACE), undefined);
});

test('with too many rules nothing is kept', () => {
  const known = knownAt(1);
  assert.is(known.keepRules(1, { ...PLACE, chain: 'other' }, rulesOf(1, 20_000)).inOrder.length, 20_000);
  assert.is(known.rulesOf(1, PLACE), undefined);
});

test('nor when they become too many by changes of ours', () => {
  const known = knownAt(1);
  known.keepRules(1, { ...PLACE, chain: 'other' }, rulesOf(1, 19_996));
  const add = (generation: number): void => known.follow({ parts: batch(part(MSG.NEWRULE)), echoes: [{ part: 1, message: messagesIn(answer(1, (SUBSYSTEM << 8) | MSG.NEWRULE, 0, nfgenmsg(2)))[0]! }, generationIs(generation)] });
  add(2);
  assert.is(known.rulesOf(2, PLACE)?.inOrder.length, 4);
  add(3);
  assert.is(known.rulesOf(3, PLACE), undefined);
});

test.run();
