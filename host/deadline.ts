// The clock over a guest. V8 can stop a spinning module only from a watchdog, and Node offers one around the run of a script.
// SPDX-License-Identifier: Apache-2.0

import { Script } from 'node:vm';
import { now } from './clock.ts';

export class DeadlinePassed extends Error {
  constructor(readonly limitMs: number) {
    super(`ran longer than ${limitMs} ms`);
    this.name = 'DeadlinePassed';
  }
}

/** What is running: a script can be given nothing but what is global. Calls nest, when a guest's operation runs another guest. */
interface Running { act: () => void; until: number; headStart: number; outer: Running | undefined }
const SLOT = Symbol.for('cni-wasm.running');
const RUN = new Script(`globalThis[Symbol.for('${SLOT.description}')].act()`);
type Slotted = { [SLOT]?: Running | undefined };

/**
 * What a guest waits for, another guest or a program, ends a tenth of its time earlier than itself. The watchdog does not run `finally` below it,
 * so the outer one must not fire while the host still works for the inner one. On a busy node that work takes its time.
 */
const HEAD_START_MS = { least: 50, most: 1000 };
/** What Node's watchdog takes, 49 days; a policy may say more. */
const MOST_MS = 2 ** 32 - 1;

/** For what a guest's operation waits for, a program above all: how long it may take, so that its failure is still told. */
export function timeLeft(): number {
  const running = (globalThis as Slotted)[SLOT];
  return running ? Math.floor(running.until - running.headStart - now()) : Infinity;
}

/** Runs `act` and throws DeadlinePassed when it has not ended in time. */
export function withDeadline<T>(limitMs: number, act: () => T): T {
  const slotted = globalThis as Slotted;
  const outer = slotted[SLOT];
  // From the limit itself, not from `until - now`: that difference may be one rounding below it.
  const timeout = Math.min(Math.floor(limitMs), MOST_MS, timeLeft());
  if (timeout < 1) throw new DeadlinePassed(limitMs);
  let value: { of: T } | undefined;
  try {
    const headStart = Math.min(HEAD_START_MS.most, Math.max(HEAD_START_MS.least, timeout / 10));
    slotted[SLOT] = { act: () => { value = { of: act() }; }, until: now() + timeout, headStart, outer };
    RUN.runInThisContext({ timeout });
    return value!.of;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new DeadlinePassed(timeout);
    throw error;
  } finally {
    slotted[SLOT] = outer;
  }
}
