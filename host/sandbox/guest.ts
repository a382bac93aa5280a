// One run of one guest: its memory, what waits for it, what it has said, and how much of its limits is used up.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { DeadlinePassed } from '../deadline.ts';
import { reason } from '../protocol/go-json.ts';
import type { GuestCall } from './sandbox.ts';

export interface Guest {
  readonly call: GuestCall;
  memory?: WebAssembly.Memory;
  /** pages at the start; a guest that grew from there to its end was after more */
  firstPages: number;
  /** bytes to be taken: the request, an answer or an error */
  waiting?: Uint8Array;
  result?: Uint8Array;
  error?: Uint8Array;
  operations: number;
  lastOperation?: string;
  logBytes: number;
  logRecords: number;
  /** an AssemblyScript guest says why it aborts and then traps */
  lastErrorLog?: string;
  /** Why it was ended: where its time was over in its own code, V8 knows of a trap alone. */
  fatal?: CniError;
  /** what it left with, by proc_exit of WASI */
  exited?: number;
}

/** Everything here is synchronous: it is the innermost guest that calls, when an operation of one runs another. */
let running: Guest | undefined;

export function withRunning<T>(guest: Guest, act: () => T): T {
  const outer = running;
  running = guest;
  try {
    return act();
  } finally {
    running = outer;
  }
}

export function runningGuest(): Guest {
  if (!running) throw new Error('an import was called, and no guest is running');
  return running;
}

export const newGuest = (call: GuestCall): Guest =>
  ({ call, firstPages: 0, waiting: Buffer.from(call.request), operations: 0, logBytes: 0, logRecords: 0 });

/** The guest's own bytes, seen and not copied. Throws a trap when they are not all its own. */
export function bytesAt(guest: Guest, at: number, length: number, what: string): Uint8Array {
  const [start, count] = [at >>> 0, length >>> 0];
  const size = guest.memory?.buffer.byteLength ?? 0;
  if (!guest.memory || start + count > size) {
    throw trap(guest, what, `${count} bytes at ${start} are outside of its memory of ${size} bytes`, `memory ${start} + ${count}`);
  }
  return new Uint8Array(guest.memory.buffer, start, count);
}

export const trap = ({ call }: Guest, op: string, why: string, at: string): CniError =>
  new CniError(CODE.trap, `plugin "${call.name}" did what no plugin may: ${op}: ${why}`, { op, at });

export const overLimit = ({ call }: Guest, op: string, what: string, limit: keyof GuestCall['limits']): CniError =>
  new CniError(CODE.limit, `plugin "${call.name}": ${what}, the limit is ${call.limits[limit]}`, { kind: 'limit', op, at: `limits.${limit}`, hint: `raise limits.${limit} in policy.json if that is meant` });

/** What ends the run: no guest can catch it. */
export function fatal(guest: Guest, error: unknown): CniError {
  guest.fatal ??= error instanceof CniError ? error : error instanceof DeadlinePassed ? timeOver(guest, error) : internal(guest, error);
  return guest.fatal;
}

const timeOver = (guest: Guest, { limitMs }: DeadlinePassed): CniError =>
  new CniError(CODE.timeLimit, `plugin "${guest.call.name}" ran longer than ${limitMs} ms in ${guest.call.entry}`, {
    kind: 'timeout', at: 'limits.timeMs', details: progress(guest), hint: 'raise limits.timeMs in policy.json if that is meant',
  });

const internal = ({ call, lastOperation = 'before any operation' }: Guest, error: unknown): CniError =>
  new CniError(CODE.hostInternal, `plugin "${call.name}", ${lastOperation}: ${reason(error)}`, { cause: error });

/** How far it came. */
export function progress({ operations, lastOperation, lastErrorLog }: Guest): string {
  const where = lastOperation ? `after operation ${operations} (${lastOperation})` : 'before its first operation';
  return lastErrorLog === undefined ? where : `${where}; it said: ${lastErrorLog}`;
}

export function countOperation(guest: Guest, name: string): void {
  guest.lastOperation = name;
  if (++guest.operations > guest.call.limits.operations) throw overLimit(guest, name, `${guest.operations} operations in one call`, 'operations');
}
