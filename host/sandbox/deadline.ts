// The clock over a guest. V8 can stop a spinning module only from a watchdog, and Node offers one around the run of a script.
// SPDX-License-Identifier: Apache-2.0

import { Script } from 'node:vm';

export class DeadlinePassed extends Error {
  constructor(readonly limitMs: number) {
    super(`ran longer than ${limitMs} ms`);
    this.name = 'DeadlinePassed';
  }
}

/** What is running: a script can be given nothing but what is global. Calls nest, when a guest's operation runs another guest. */
interface Running { act: () => void; until: number; outer: Running | undefined }
const SLOT = Symbol.for('cni-wasm.running');
type Slotted = { [SLOT]?: Running | undefined };

/**
 * A guest inside another one's operation ends this much earlier than the outer. The watchdog does not run `finally` below it, so the
 * outer one must not fire while the host still works for the inner one.
 */
const HEAD_START_MS = 50;

/** Runs `act` and throws DeadlinePassed when it has not ended in time. */
export function withDeadline<T>(limitMs: number, act: () => T): T {
  const slotted = globalThis as Slotted;
  const outer = slotted[SLOT];
  const now = performance.now();
  const until = Math.min(now + limitMs, outer ? outer.until - HEAD_START_MS : Infinity);
  const timeout = Math.floor(until - now);
  if (timeout < 1) throw new DeadlinePassed(limitMs);
  let value: { of: T } | undefined;
  try {
    slotted[SLOT] = { act: () => { value = { of: act() }; }, until, outer };
    new Script(`globalThis[Symbol.for('cni-wasm.running')].act()`).runInThisContext({ timeout });
    return value!.of;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new DeadlinePassed(timeout);
    throw error;
  } finally {
    slotted[SLOT] = outer;
  }
}
