// How long a guest may still run. It asks itself, from code that the host has put into it (sandbox/meter.ts); everything that makes it wait asks too.
// SPDX-License-Identifier: Apache-2.0

import { now } from './clock.ts';

export class DeadlinePassed extends Error {
  constructor(readonly limitMs: number) {
    super(`ran longer than ${limitMs} ms`);
    this.name = 'DeadlinePassed';
  }
}

interface Deadline { limitMs: number; until: number; headStart: number }

/** Everything here is synchronous: it is that of the innermost guest, when a guest's operation runs another one. */
let running: Deadline | undefined;

/** What a guest waits for, another guest or a program, ends a tenth of its time earlier than itself, so that its failure is still told. */
const HEAD_START_MS = { least: 50, most: 1000 };

/** For what a guest's operation waits for, a program above all: how long it may take. */
export const timeLeft = (): number => (running ? Math.floor(running.until - running.headStart - now()) : Infinity);

/** Throws DeadlinePassed when the guest's time is over. */
export function checkDeadline(): void {
  if (running && now() >= running.until) throw new DeadlinePassed(running.limitMs);
}

/** Runs `act`, which calls checkDeadline. Throws DeadlinePassed: at once when no time is left, and at the latest when `act` has ended too late. */
export function withDeadline<T>(limitMs: number, act: () => T): T {
  const outer = running;
  const limit = Math.min(Math.floor(limitMs), timeLeft());
  if (limit < 1) throw new DeadlinePassed(limitMs);
  running = { limitMs: limit, until: now() + limit, headStart: Math.min(HEAD_START_MS.most, Math.max(HEAD_START_MS.least, limit / 10)) };
  try {
    const value = act();
    checkDeadline();
    return value;
  } finally {
    running = outer;
  }
}
