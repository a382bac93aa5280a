// Writes an address in its one canonical form (RFC 5952).
// SPDX-License-Identifier: Apache-2.0

import { Ip } from './ip';

export function formatIp(ip: Ip): string {
  return ip.v6 ? formatV6(ip) : formatV4(ip.low);
}

function formatV4(value: u64): string {
  let text = ((value >> 24) & 255).toString();
  for (let shift = 16; shift >= 0; shift -= 8) text += '.' + ((value >> shift) & 255).toString();
  return text;
}

function formatV6(ip: Ip): string {
  const gap = longestZeros(ip);
  const skip = gap & 15;
  const count = gap >> 4;
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (count > 0 && i == skip) {
      text += '::';
      i += count - 1;
      continue;
    }
    if (text.length > 0 && !text.endsWith(':')) text += ':';
    text += group(ip, i).toString(16);
  }
  return text;
}

/** The first longest run of at least two zero groups: its start, and its length times 16. */
function longestZeros(ip: Ip): i32 {
  let best = 0;
  let bestCount = 1;
  for (let i = 0; i < 8; i++) {
    let count = 0;
    while (i + count < 8 && group(ip, i + count) == 0) count++;
    if (count > bestCount) {
      best = i;
      bestCount = count;
    }
    i += count;
  }
  return bestCount < 2 ? 0 : best | (bestCount << 4);
}

function group(ip: Ip, index: i32): u32 {
  const half = index < 4 ? ip.high : ip.low;
  return <u32>((half >> ((3 - (index & 3)) * 16)) & 0xffff);
}
