// Round-robin search for a free address, as the reference host-local walks: from the successor of the last one, through the ranges, once around.
// SPDX-License-Identifier: Apache-2.0

import { addressToNumber, canonicalAddress, isIpv6, numberToAddress } from '../kernel/address.ts';
import type { Store } from './store.ts';

export interface Range { start: string; end: string; gateway?: string }

export function firstFree(store: Pick<Store, 'has'>, ranges: readonly Range[], after?: string): { ip: string; range: number } | undefined {
  const spans = ranges.map((range) => ({
    family: isIpv6(range.start) ? 6 as const : 4 as const,
    start: addressToNumber(range.start),
    end: addressToNumber(range.end),
    gateway: range.gateway === undefined ? undefined : canonicalAddress(range.gateway),
  }));
  const last = after === undefined ? undefined : { number: addressToNumber(after), family: isIpv6(after) ? 6 : 4 };
  const lastIn = last === undefined ? -1 : spans.findIndex(({ family, start, end }) => last.family === family && last.number >= start && last.number <= end);
  const search = (range: number, from: bigint, to: bigint): { ip: string; range: number } | undefined => {
    const span = spans[range]!;
    for (let n = from; n <= to; n++) {
      const ip = numberToAddress(n, span.family);
      if (ip !== span.gateway && !store.has(ip)) return { ip, range };
    }
    return undefined;
  };
  const first = Math.max(lastIn, 0);
  const from = last && lastIn >= 0 ? last.number + 1n : spans[0]?.start;
  if (from === undefined) return undefined;
  let found = search(first, from, spans[first]!.end);
  for (let step = 1; !found && step < spans.length; step++) {
    const range = (first + step) % spans.length;
    found = search(range, spans[range]!.start, spans[range]!.end);
  }
  return found ?? search(first, spans[first]!.start, from - 1n);
}
