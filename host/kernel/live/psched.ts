// The packet scheduler's clock: ticks for each µs, from /proc/net/psched as tc computes it.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';

export type Ticks = () => number;

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
