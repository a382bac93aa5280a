// Waits for something that others do, and says what did not come.
// SPDX-License-Identifier: Apache-2.0

const PATIENCE_MS = 60_000;
const PAUSE_MS = 20;

/** Tries again while it is false or throws. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  let last: unknown;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resume) => { setTimeout(resume, PAUSE_MS); });
  }
  throw new Error(`${what}: it did not within ${PATIENCE_MS / 1000} s${last instanceof Error ? `: ${last.message}` : ''}`);
}
