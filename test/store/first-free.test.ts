// The search for a free address: in which order, and that overlapping ranges are searched once.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeadlinePassed, withDeadline } from '../../host/deadline.ts';
import { firstFree, type Range } from '../../host/store/first-free.ts';

const ip = (n: number): string => `192.0.${2 + (n >> 8)}.${n & 255}`;
const range = (start: number, end: number, gateway?: number): Range => ({ start: ip(start), end: ip(end), ...(gateway === undefined ? {} : { gateway: ip(gateway) }) });

test('an address is looked at once, in however many ranges it is', () => {
  let looks = 0;
  const full = { has: () => { looks++; return true; } };
  const shifted = Array.from({ length: 256 }, (_, i) => range(i, 512 + i, i + 7));
  assert.is(firstFree(full, shifted), undefined);
  assert.is(looks, 768);
  looks = 0;
  const grown = Array.from({ length: 256 }, (_, i) => range(0, i));
  assert.is(firstFree(full, [...grown, ...grown.toReversed()], ip(100)), undefined);
  assert.is(looks, 256);
});

test('it ends with its guest\'s time', () => {
  const slow = { has: () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); return true; } };
  const ranges = Array.from({ length: 256 }, (_, i) => range(i, i));
  assert.throws(() => withDeadline(20, () => firstFree(slow, ranges)), (error: unknown) => error instanceof DeadlinePassed);
});

/** As the reference walks: one after the other. */
function walked(has: (ip: string) => boolean, ranges: readonly { from: number; to: number; gateway: number }[], after?: number): { ip: string; range: number } | undefined {
  const inRange = ranges.findIndex(({ from, to }) => after !== undefined && after >= from && after <= to);
  const first = Math.max(inRange, 0);
  const begin = inRange >= 0 ? after! + 1 : ranges[0]!.from;
  const places = [
    ...numbers(begin, ranges[first]!.to).map((n) => ({ n, range: first })),
    ...ranges.flatMap((_, step) => (step === 0 ? [] : [(first + step) % ranges.length])).flatMap((one) => numbers(ranges[one]!.from, ranges[one]!.to).map((n) => ({ n, range: one }))),
    ...numbers(ranges[first]!.from, begin - 1).map((n) => ({ n, range: first })),
  ];
  const found = places.find((one) => one.n !== ranges[one.range]!.gateway && !has(ip(one.n)));
  return found && { ip: ip(found.n), range: found.range };
}
const numbers = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

test('the same is found as by walking', () => {
  const number = fc.integer({ min: 0, max: 20 });
  const ranges = fc.array(fc.record({ from: number, more: fc.nat(6), gateway: number }).map(({ from, more, gateway }) => ({ from, to: from + more, gateway })), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(ranges, fc.array(number, { maxLength: 30 }), fc.option(number, { nil: undefined }), (spans, used, after) => {
    const has = (one: string): boolean => used.some((n) => ip(n) === one);
    const asked = spans.map(({ from, to, gateway }) => range(from, to, gateway));
    assert.equal(firstFree({ has }, asked, after === undefined ? undefined : ip(after)), walked(has, spans, after));
  }), { numRuns: 2000 });
});

test.run();
