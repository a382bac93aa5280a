// The way in: all of stdin. Whoever has its other side, or had it before us, may have made it non-blocking; then it is only waited for.
// SPDX-License-Identifier: Apache-2.0

import { readSync } from 'node:fs';
import { sleep } from '../sleep.ts';
import { errnoOf } from '../system-error.ts';

const AT_ONCE = 65536;

export function readStdin(): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(AT_ONCE);
    const count = readSome(chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
  }
}

function readSome(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      sleep(1);
    }
  }
}
