// Waits for something that others do, and says what did not come.
// SPDX-License-Identifier: Apache-2.0

const TRIES = 300;
const PAUSE_MS = 100;

/** Tries again while it is false or throws. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resume) => { setTimeout(resume, PAUSE_MS); });
  }
  throw new Error(`${what}: it did not within ${(TRIES * PAUSE_MS) / 1000} s${last instanceof Error ? `: ${last.message}` : ''}`);
}
