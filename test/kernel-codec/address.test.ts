// Addresses between text and bytes.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { isIP } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressToNumber, broadcastOf, canonicalAddress, formatAddress, formatPrefix, isAddress, numberToAddress, parseAddress, parsePrefix } from '../../host/kernel/address.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { networkOf } from '../../host/kernel/prefix.ts';

const isInvalid = (error: unknown): boolean => error instanceof KernelError && error.errno === 'EINVAL';

for (const [text, canonical] of [
  ['10.1.0.5', '10.1.0.5'],
  ['2001:0DB8:0:0:0:0:0:5', '2001:db8::5'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::', '::'],
  ['::1', '::1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['::ffff:c000:201', '::ffff:192.0.2.1'],
] as const) {
  test(`${text} is ${canonical}`, () => {
    assert.is(canonicalAddress(text), canonical);
    assert.is(numberToAddress(addressToNumber(text), text.includes(':') ? 6 : 4), canonical);
  });
}

for (const text of ['', '10.1.0', '10.1.0.256', '010.1.0.5', '10.1.0.5/24', ' 10.1.0.5', '10.1.0.5\n', 'fe80::1%eth0', '::g', '1::2::3', '[::1]', '::1/64', '10.1.0.5/32']) {
  test(`${JSON.stringify(text)} is no address`, () => assert.throws(() => parseAddress(text), isInvalid));
}

for (const text of ['10.1.0.5', '10.1.0.5/33', '10.1.0.5/', '10.1.0.5/-1', '10.1.0.5/24/8', '::/129', 'fe80::1%eth0/64']) {
  test(`${JSON.stringify(text)} is no prefix`, () => assert.throws(() => parsePrefix(text), isInvalid));
}

test('every address has one text, which is read as the same bytes', () => {
  for (const size of [4, 16]) {
    fc.assert(fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (bytes) => {
      const text = formatAddress(bytes);
      assert.is(isIP(text), size === 4 ? 4 : 6);
      assert.equal([...parseAddress(text).bytes], [...bytes]);
    }));
  }
});

test('what is an address is so for Node too, but for zones', () => {
  const parts = fc.constantFrom('0', '1', '9', '255', '256', 'a', 'ffff', '.', ':', '::', '1.2.3.4', '/', '[', ']', ' ', 'g');
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.array(parts, { maxLength: 12 }).map((some) => some.join(''))), (text) => assert.is(isAddress(text), isIP(text) !== 0)));
  for (const text of ['fe80::1%eth0', '10.1.0.5/24', '']) assert.is(isAddress(text), false);
});

test('prefixes keep their host bits', () => {
  const { family, bytes, length } = parsePrefix('10.1.0.5/24');
  assert.equal([family, [...bytes], length], [2, [10, 1, 0, 5], 24]);
  assert.is(formatPrefix(bytes, length), '10.1.0.5/24');
  assert.is(networkOf('10.1.0.5/24'), '10.1.0.0/24');
  assert.is(networkOf('2001:db8::5/64'), '2001:db8::/64');
});

test('only IPv4 below /31 has a broadcast address', () => {
  assert.equal([...broadcastOf(parsePrefix('10.1.0.5/20'))!], [10, 1, 15, 255]);
  for (const text of ['10.1.0.4/31', '10.1.0.5/32', '2001:db8::5/64']) assert.is(broadcastOf(parsePrefix(text)), undefined);
});

test.run();
