// Reads an address as Go's ParseIP does: no leading zeros in IPv4, no zones, an IPv4 tail allowed in IPv6.
// SPDX-License-Identifier: Apache-2.0

import { Ip } from './ip';
import { hexDigit } from './json-scan';

const NOT_V4: u64 = u64.MAX_VALUE;

export function parseIp(text: string): Ip | null {
  if (text.includes(':')) return parseV6(text);
  const value = parseV4(text);
  return value == NOT_V4 ? null : Ip.v4(value);
}

function parseV4(text: string): u64 {
  const parts = text.split('.');
  if (parts.length != 4) return NOT_V4;
  let value: u64 = 0;
  for (let i = 0; i < 4; i++) {
    const byte = byteOf(parts[i]);
    if (byte < 0) return NOT_V4;
    value = (value << 8) | byte;
  }
  return value;
}

function byteOf(text: string): i32 {
  if (text.length == 0 || text.length > 3 || (text.length > 1 && text.charCodeAt(0) == 0x30)) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > 255 ? -1 : value;
}

function parseV6(text: string): Ip | null {
  const gap = text.indexOf('::');
  if (gap >= 0 && text.indexOf('::', gap + 1) >= 0) return null;
  const before: u32[] = [];
  const after: u32[] = [];
  if (gap < 0) {
    if (!groups(text, before, true) || before.length != 8) return null;
  } else {
    const tail = text.substring(gap + 2);
    if (gap > 0 && !groups(text.substring(0, gap), before, false)) return null;
    if (tail.length > 0 && !groups(tail, after, true)) return null;
    if (before.length + after.length > 7) return null;
  }
  while (before.length + after.length < 8) before.push(0);
  const all = before.concat(after);
  const high = four(all, 0);
  const low = four(all, 4);
  return high == 0 && low >> 32 == 0xffff ? Ip.v4(low) : new Ip(true, high, low);
}

function groups(text: string, into: u32[], tailV4: bool): bool {
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (tailV4 && i == parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (v4 == NOT_V4) return false;
      into.push(<u32>(v4 >> 16));
      into.push(<u32>(v4 & 0xffff));
      return true;
    }
    if (part.length == 0 || part.length > 4) return false;
    let value: u32 = 0;
    for (let j = 0; j < part.length; j++) {
      const unit = part.charCodeAt(j);
      const digit = unit < 0x80 ? hexDigit(unit) : -1;
      if (digit < 0) return false;
      value = (value << 4) | digit;
    }
    into.push(value);
  }
  return true;
}

function four(groups: u32[], at: i32): u64 {
  return ((<u64>groups[at]) << 48) | ((<u64>groups[at + 1]) << 32) | ((<u64>groups[at + 2]) << 16) | groups[at + 3];
}
