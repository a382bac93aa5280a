// Waiting for a moment in synchronous code.
// SPDX-License-Identifier: Apache-2.0

export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
