// Whole numbers of a JSON text, exact over all 64 bits. Fractions and exponents are not whole numbers, as in Go.
// SPDX-License-Identifier: Apache-2.0

import { byteAt, Bytes } from './abi';

const LARGEST_INT: u64 = 0x7fff_ffff_ffff_ffff;

export function isInt(source: Bytes, at: i32): bool {
  const negative = byteAt(source, at) == 0x2d;
  return isMagnitude(source, negative ? at + 1 : at, negative ? LARGEST_INT + 1 : LARGEST_INT);
}

export function isUint(source: Bytes, at: i32): bool {
  return isMagnitude(source, at, u64.MAX_VALUE);
}

export function intAt(source: Bytes, at: i32): i64 {
  return byteAt(source, at) == 0x2d ? -(<i64>uintAt(source, at + 1)) : <i64>uintAt(source, at);
}

export function uintAt(source: Bytes, at: i32): u64 {
  let value: u64 = 0;
  for (; at < source.length && isDigit(byteAt(source, at)); at++) value = value * 10 + (byteAt(source, at) - 0x30);
  return value;
}

function isMagnitude(source: Bytes, at: i32, limit: u64): bool {
  const start = at;
  let value: u64 = 0;
  for (; at < source.length && isDigit(byteAt(source, at)); at++) {
    const digit: u64 = byteAt(source, at) - 0x30;
    if (value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return at > start && (at == source.length || !continues(byteAt(source, at)));
}

const isDigit = (byte: i32): bool => byte >= 0x30 && byte <= 0x39;
/** A fraction or an exponent follows. */
const continues = (byte: i32): bool => byte == 0x2e || (byte | 0x20) == 0x65;
