// Round-robin search for a free address, as the reference host-local walks: from the successor of the last one, through the ranges, once around.
// SPDX-License-Identifier: Apache-2.0

import { checkDeadline } from '../deadline.ts';
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
  const taken = { 4: new Taken(), 6: new Taken() };
  const search = (range: number, from: bigint, to: bigint): { ip: string; range: number } | undefined => {
    checkDeadline();
    const { family, gateway } = spans[range]!;
    for (let n = taken[family].pass(from); n <= to; n = taken[family].pass(n + 1n)) {
      const ip = numberToAddress(n, family);
      if (ip === gateway) continue;
      if (!store.has(ip)) return { ip, range };
      if (spans.length > 1) taken[family].add(n);
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

/** Addresses that were found taken: ranges may overlap, and a row of them is passed over at once. */
class Taken {
  /** What follows each, or a row that begins with it. */
  private readonly next = new Map<bigint, bigint>();

  add(n: bigint): void {
    this.next.set(n, n + 1n);
  }

  /** The first from here on that nobody has looked at. */
  pass(from: bigint): bigint {
    const row: bigint[] = [];
    let n = from;
    for (let next = this.next.get(n); next !== undefined; next = this.next.get(n)) {
      row.push(n);
      n = next;
    }
    // All of the row lead to its end from now on.
    for (const one of row) this.next.set(one, n);
    return n;
  }
}
