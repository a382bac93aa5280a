// The packet scheduler's clock: ticks for each µs, from /proc/net/psched as tc computes it.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';

export type Ticks = () => number;

/** Truncated to the 32 bits of the kernel's structures, as the reference has it. */
export const inTicks = (us: number, ticks: Ticks): number => Math.trunc(us * ticks()) % 2 ** 32;
export const inMicroseconds = (count: number, ticks: Ticks): number => Math.ceil(count / ticks());

/** 15.625 on all current kernels; read once, and only by a call that shapes traffic. */
export function microsecondTicks(): Ticks {
  let known: number | undefined;
  return () => {
    if (known === undefined) {
      const [t2us, us2t, resolution] = readFileSync('/proc/net/psched', 'utf8').trim().split(' ').map((word) => Number.parseInt(word, 16));
      known = (t2us! / us2t!) * (resolution! / 1e6);
    }
    return known;
  };
}
