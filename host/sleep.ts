// Waiting for a moment in synchronous code.
// SPDX-License-Identifier: Apache-2.0

import { checkDeadline } from './deadline.ts';

/** Throws DeadlinePassed when the guest it is for has no time left. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  checkDeadline();
}
