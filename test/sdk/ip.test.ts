// The SDK's addresses against the ip-address library.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { Address4, Address6 } from 'ip-address';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProbe } from './probe-call.ts';

const probe = await loadProbe();
const RUNS = { numRuns: 2000 };

const v4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
/** Many zero groups, so that every kind of gap occurs. */
const v6 = fc.array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n))
  .filter((value) => value >> 32n !== 0xffffn);

const text4 = (value: bigint): string => Address4.fromBigInt(BigInt.asUintN(32, value)).correctForm();
const text6 = (value: bigint): string => {
  const whole = BigInt.asUintN(128, value);
  return whole >> 32n === 0xffffn ? text4(whole) : Address6.fromBigInt(whole).correctForm();
};

test('IPv4 is read, written and counted', () => {
  fc.assert(fc.property(v4, (value) => {
    const kind = value >> 28n === 14n ? 'multicast' : 'unicast';
    assert.is(probe('ip', text4(value)), `${text4(value)} ${text4(value + 1n)} ${text4(value - 1n)} ${kind}`);
  }), RUNS);
});

test('IPv6 is read in long and short form, written in canonical form, and counted', () => {
  fc.assert(fc.property(v6, (value) => {
    const kind = value >> 120n === 0xffn ? 'multicast' : 'unicast';
    const own = Address6.fromBigInt(value);
    for (const text of [own.correctForm(), own.canonicalForm(), own.canonicalForm().toUpperCase(), own.to4in6()]) {
      const [read, next, previous, word] = probe('ip', text).split(' ');
      assert.is(read, text6(value), text);
      assert.is(word, kind);
      // a neighbour that is a mapped address is not shown as IPv4: it was counted, not read
      for (const [neighbour, expected] of [[next, text6(value + 1n)], [previous, text6(value - 1n)]]) {
        if (!expected!.includes('.')) assert.is(neighbour, expected);
      }
    }
  }), RUNS);
});

test('what is no address is refused', () => {
  for (const text of ['', '1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.', '1..2.3', '-1.2.3.4', '1.2.3.4 ', ':', ':::', '1::2::3', '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9', '::1:2:3:4:5:6:7:8', '12345::', 'g::', 'fe80::1%eth0', '1.2.3.4::', '::1.2.3', ':1', '1:', 'é::']) {
    assert.is(probe('ip', text), 'invalid', text);
  }
});

test('prefixes know their first and last address', () => {
  fc.assert(fc.property(fc.oneof(fc.tuple(v4, fc.nat(32), fc.constant(32)), fc.tuple(v6, fc.nat(128), fc.constant(128))), ([value, bits, width]) => {
    const format = width === 32 ? text4 : text6;
    const host = (1n << BigInt(width - bits)) - 1n;
    const first = format(value & ~host);
    const answer = probe('prefix', `${format(value)}/${bits}`);
    // a mapped first address is shown as IPv4, which no prefix of IPv6 should be asked for
    if (width === 128 && (first.includes('.') || format(value | host).includes('.'))) return;
    assert.is(answer, `${format(value)}/${bits} ${first} ${format(value | host)} ${first}/${bits}`);
  }), RUNS);
});

test('what is no prefix is refused', () => {
  for (const text of ['192.0.2.0', '192.0.2.0/', '192.0.2.0/33', '192.0.2.0/-1', '192.0.2.0/0024', '2001:db8::/129', '/24', '192.0.2/24', '::ffff:192.0.2.1/95']) {
    assert.is(probe('prefix', text), 'invalid', text);
  }
  assert.is(probe('prefix', '::ffff:192.0.2.1/120'), '192.0.2.1/24 192.0.2.0 192.0.2.255 192.0.2.0/24');
});

test('prefixes overlap and contain as their bits say', () => {
  fc.assert(fc.property(v4, fc.nat(32), v4, fc.nat(32), fc.nat(8), (a, bitsA, b, bitsB, near) => {
    const other = near < 6 ? (a ^ BigInt(near)) & 0xffffffffn : b;
    const one = new Address4(`${text4(a)}/${bitsA}`);
    const two = new Address4(`${text4(other)}/${bitsB}`);
    const overlaps = one.isInSubnet(two) || two.isInSubnet(one) || bitsA === bitsB && one.startAddress().correctForm() === two.startAddress().correctForm();
    const contains = new Address4(text4(other)).isInSubnet(one);
    const order = a < other ? -1 : a > other ? 1 : 0;
    assert.is(probe('relate', JSON.stringify([`${text4(a)}/${bitsA}`, `${text4(other)}/${bitsB}`, text4(other)])), `${overlaps} ${contains} ${order}`);
  }), RUNS);
});

test('families never meet', () => {
  assert.is(probe('relate', '["0.0.0.0/0","::/0","::1"]'), 'false false -1');
});

test.run();
