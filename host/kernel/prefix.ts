// Prefixes as rules compare them: bytes without host bits, and masks.
// SPDX-License-Identifier: Apache-2.0

import { parseAddress, parsePrefix, type Prefix } from './address.ts';

/** "10.1.0.5/24" without its host bits; an address is a prefix of all its bits. Throws EINVAL. */
export function readPrefix(text: string): Prefix {
  if (!text.includes('/')) {
    const address = parseAddress(text);
    return { ...address, length: address.bytes.length * 8 };
  }
  const { family, bytes, length } = parsePrefix(text);
  const mask = maskOf(bytes.length, length);
  return { family, length, bytes: Buffer.from(bytes.map((byte, i) => byte & mask[i]!)) };
}

/** `length` ones in `size` bytes, then zeros. */
export const maskOf = (size: number, length: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, length - i * 8)));

/** The number of leading ones; undefined when there is a one after a zero. */
export function lengthOfMask(mask: Uint8Array): number | undefined {
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
