// Prefixes as rules compare them: bytes without host bits, and masks.
// SPDX-License-Identifier: Apache-2.0

import { formatPrefix, isIpv6, parsePrefix, type Prefix } from './address.ts';

/** "10.1.0.5/24" without its host bits; an address is a prefix of all its bits. Throws EINVAL. */
export function readPrefix(text: string): Prefix {
  const { family, bytes, length } = parsePrefix(text.includes('/') ? text : `${text}/${isIpv6(text) ? 128 : 32}`);
  const mask = maskOf(bytes.length, length);
  bytes.forEach((byte, i) => { bytes[i] = byte & mask[i]!; });
  return { family, length, bytes };
}

/** The same, canonical. */
export function networkOf(text: string): string {
  const { bytes, length } = readPrefix(text);
  return formatPrefix(bytes, length);
}

/** Is every address of the one also one of the other? */
export function isWithin(one: string, other: string): boolean {
  const [inner, outer] = [readPrefix(one), readPrefix(other)];
  const mask = maskOf(outer.bytes.length, outer.length);
  return inner.family === outer.family && inner.length >= outer.length && outer.bytes.every((byte, i) => byte === (inner.bytes[i]! & mask[i]!));
}

/** `length` ones in `size` bytes, then zeros. */
export const maskOf = (size: number, length: number): Uint8Array =>
  new Uint8Array(size).map((_, i) => 0xff00 >> Math.min(8, Math.max(0, length - i * 8)));

/** The number of leading ones; undefined when there is a one after a zero. */
export function lengthOfMask(mask: Uint8Array): number | undefined {
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
