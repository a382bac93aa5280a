// What is known of chains is forgotten when it cannot be said what became of it, and is never more than the host has room for.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Body } from '../../host/kernel/live/attributes.ts';
import { KernelRule } from '../../host/kernel/live/kernel-rule.ts';
import { KnownChains } from '../../host/kernel/live/known-chains.ts';
import { messagesIn, type Message } from '../../host/kernel/live/netlink-message.ts';
import { CHAIN, MSG, nfgenmsg, RULE, SUBSYSTEM } from '../../host/kernel/live/nft-wire.ts';
import { answer } from './scripted-libc.ts';

const PLACE = { family: 'ip', table: 't', chain: 'c' } as const;
const rulesOf = (generation: number, count: number): KernelRule[] => {
  const [message] = messagesIn(answer(1, 6, 2, nfgenmsg(2, generation & 0xffff)));
  return Array.from({ length: count }, () => new KernelRule(message!));
};
const message = (type: number, flags: number, body: Body): Message => messagesIn(answer(0, (SUBSYSTEM << 8) | type, flags, body.done()))[0]!;
const inChain = (chain = 'c'): Body => new Body(nfgenmsg(2)).text(RULE.TABLE, 't').text(RULE.CHAIN, chain);
const rule = (handle: number, flags: number, behind?: number, chain?: string): Message => {
  const body = inChain(chain).be64(RULE.HANDLE, BigInt(handle));
  return message(MSG.NEWRULE, flags, behind === undefined ? body : body.be64(RULE.POSITION, BigInt(behind)));
};
const gone = (handle: number, flags = 0): Message => message(MSG.DELRULE, flags, inChain().be64(RULE.HANDLE, BigInt(handle)));
const chainIs = (name: string, handle: number): Message => message(MSG.NEWCHAIN, 0, new Body(nfgenmsg(2)).text(CHAIN.TABLE, 't').be64(CHAIN.HANDLE, BigInt(handle)).text(CHAIN.NAME, name));
const [APPENDED, INSERTED] = [0xc00, 0x400];

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

/** What the chain's rules are after a transaction; undefined: not known. */
function after(...messages: Message[]): (number | undefined)[] | undefined {
  const known = new KnownChains();
  known.begin(1);
  known.keepRules(1, PLACE, [5, 6, 7].map((handle) => new KernelRule(rule(handle, 0))).map((one) => Object.assign(one, { isOf: () => true })));
  known.follow({ generation: 2, messages });
  return known.rulesOf(2, PLACE)?.inOrder.map(({ handle }) => handle);
}

test('a rule has the place that the kernel says; where that cannot be told the chain is not known any more', () => {
  assert.equal(after(), [5, 6, 7]);
  assert.equal(after(rule(8, APPENDED), rule(9, INSERTED), rule(10, APPENDED, 5)), [9, 5, 10, 6, 7, 8]);
  assert.equal(after(rule(8, APPENDED, 7), rule(9, APPENDED)), [5, 6, 7, 8, 9]);
  assert.equal(after(rule(8, APPENDED, 6), gone(6)), [5, 8, 7]);
  assert.equal(after(gone(6), gone(99)), [5, 7]);
  assert.equal(after(rule(8, INSERTED, 9), rule(9, INSERTED)), undefined, 'behind a rule that comes later');
  assert.equal(after(rule(8, 0)), undefined, 'first or last: older kernels do not say which');
  assert.equal(after(gone(5, 0x800), rule(5, 0x800)), undefined, 'nor do they of a rule that replaces another, which may have its handle');
  assert.equal(after(gone(5, 0x800), rule(8, APPENDED)), undefined);
  assert.equal(after(gone(5), rule(8, APPENDED)), undefined, 'nor of one beside a rule that has just gone');
  assert.equal(after(gone(5), rule(8, APPENDED, 6)), [6, 8, 7]);
  assert.equal(after(rule(8, APPENDED), gone(5)), [6, 7, 8]);
  assert.equal(after(rule(8, 0, 99, 'other'), rule(9, APPENDED, undefined, 'other')), [5, 6, 7]);
});

test('a chain that is made, taken away or called otherwise is not known any more', () => {
  assert.equal(after(chainIs('c', 1)), undefined);
  assert.equal(after(message(MSG.DELCHAIN, 0, new Body(nfgenmsg(2)).text(CHAIN.TABLE, 't').text(CHAIN.NAME, 'c'))), undefined);
  assert.equal(after(chainIs('other', 4)), undefined, 'older than the rules of c: it may have been c');
  assert.equal(after(chainIs('other', 8)), [5, 6, 7]);
  assert.equal(after(message(MSG.NEWSETELEM, 0, inChain())), [5, 6, 7]);
  assert.equal(after(message(99, 0, inChain())), undefined);
});

test('transactions count in order: one that was listed already changes nothing, and after one that was missed nothing is known', () => {
  const known = knownAt(3);
  for (const generation of [1, 2, 3, -70_000]) known.follow({ generation, messages: [rule(9, APPENDED)] });
  assert.is(known.rulesOf(3, PLACE)?.inOrder.length, 3);
  known.follow({ generation: 4, messages: [rule(9, APPENDED)] });
  assert.is(known.rulesOf(4, PLACE)?.inOrder.length, 4);
  // Somebody else was faster than the answer to which generation it is.
  known.begin(3);
  assert.is(known.rulesOf(4, PLACE)?.inOrder.length, 4);
  assert.is(known.rulesOf(3, PLACE), undefined);
  known.follow({ generation: 6, messages: [] });
  for (const generation of [3, 4, 5, 6]) assert.is(known.rulesOf(generation, PLACE), undefined);
});

test('with too many rules nothing is kept', () => {
  const known = knownAt(1);
  assert.is(known.keepRules(1, { ...PLACE, chain: 'other' }, rulesOf(1, 20_000)).inOrder.length, 20_000);
  assert.is(known.rulesOf(1, PLACE), undefined);
});

test('nor when they become too many by changes', () => {
  const known = knownAt(1);
  known.keepRules(1, { ...PLACE, chain: 'other' }, rulesOf(1, 19_996));
  known.follow({ generation: 2, messages: [rule(9, APPENDED)] });
  assert.is(known.rulesOf(2, PLACE)?.inOrder.length, 4);
  known.follow({ generation: 3, messages: [rule(10, APPENDED)] });
  assert.is(known.rulesOf(3, PLACE), undefined);
});

test('those that are gone, or listed anew, are not counted', () => {
  const known = knownAt(1);
  const other = { ...PLACE, chain: 'other' };
  for (const count of [19_000, 10, 19_990]) known.keepRules(1, other, rulesOf(1, count));
  assert.is(known.rulesOf(1, PLACE)?.inOrder.length, 3);
  known.follow({ generation: 2, messages: [gone(5), chainIs('other', 20_001)] });
  known.keepRules(2, { ...PLACE, chain: 'third' }, rulesOf(2, 19_990));
  assert.is(known.rulesOf(2, PLACE)?.inOrder.length, 3);
});

test.run();
