// What a guest can call: the functions of cni:abi/1, and one function for each operation.
// SPDX-License-Identifier: Apache-2.0

import { ABI_MODULE, type Op } from '../../abi/ops.ts';
import type { Shape } from '../../abi/shape.ts';
import { isForAudit } from '../audit.ts';
import { CniError, CODE } from '../cni-error.ts';
import { checkDeadline } from '../deadline.ts';
import { OPERATIONS } from '../grant/read-imports.ts';
import { parseObject, reason } from '../protocol/go-json.ts';
import { wrongRequest } from '../wrong-request.ts';
import { bytesAt, countOperation, fatal, overLimit, runningGuest, trap, type Guest } from './guest.ts';
import { logText } from './guest-log.ts';
import type { GuestModule } from './guest-module.ts';
import type { LogRecord } from './sandbox.ts';
import { mismatch } from './validate-shape.ts';

export type Import = (...args: number[]) => number | bigint | void;
export type Imports = Record<string, Record<string, Import>>;
/** An import before it is bound: `guest` is the one that calls it. */
export type Act = (guest: Guest, ...args: number[]) => ReturnType<Import>;

const LEVELS: readonly LogRecord['level'][] = ['debug', 'info', 'warn', 'error'];

const bound = new WeakMap<GuestModule, Imports>();

/**
 * Those of a module's imports that are ours; what else it wants, linking refuses. They are bound once for all its runs: V8 has instances among its old
 * objects, and until it looks through those, whatever the imports of one that is over refer to would be kept with it, all that its call has made.
 */
export function importsOf(module: GuestModule): Imports {
  const known = bound.get(module) ?? bindImports(module);
  bound.set(module, known);
  return known;
}

/** An operation that was not granted is bound all the same, and answers `denied`: it was optional, or the grant stage would have refused the module. */
function bindImports({ imports }: GuestModule): Imports {
  const all: Imports = {};
  for (const { module, name } of imports) {
    const op = OPERATIONS.get(`${module} ${name}`);
    const run = op ? fatally((guest, at = 0, length = 0) => operate(guest, op, at, length)) : module === ABI_MODULE ? ABI.get(name) : undefined;
    if (run) (all[module] ??= {})[name] = run;
  }
  return all;
}

const own = (name: string): string => `abi.${name}`;

const ACTS: Record<string, Act> = {
  take: (guest, at = 0, capacity = 0) => take(guest, at, capacity, own('take')),
  result: (guest, at = 0, length = 0) => { guest.result = said(guest, own('result'), at, length, 'resultBytes'); },
  fail: (guest, at = 0, length = 0) => { guest.error = said(guest, own('fail'), at, length, 'messageBytes'); },
  log: (guest, level = 0, at = 0, length = 0) => logText(guest, LEVELS[level] ?? 'error', bytesAt(guest, at, length, own('log'))),
  log_level: ({ call }) => LEVELS.indexOf(call.logLevel),
  now: (guest, clock) => {
    if (clock === 0) return BigInt(Date.now()) * 1_000_000n;
    if (clock === 1) return process.hrtime.bigint();
    throw trap(guest, own('now'), `there is no clock ${clock}, only 0 (wall) and 1 (monotonic)`, `clock ${clock}`);
  },
  random: (guest, at = 0, length = 0) => guest.call.random(bytesAt(guest, at, length, own('random'))),
  grants: (guest, at = 0, length = 0) => {
    bytesAt(guest, at, length, own('grants'));
    return offer(guest, JSON.stringify(guest.call.grants));
  },
  close: ({ call }, handle = 0) => (call.close(handle) ? 0 : 1),
};

const ABI: ReadonlyMap<string, Import> = new Map([...Object.entries(ACTS).map(([name, act]) => [name, fatally(act)] as const), ['tick', () => tick(runningGuest())]]);

/** Whatever an import throws ends the run, and so does the time. */
export function fatally(act: Act): Import {
  return (...args) => {
    const guest = runningGuest();
    try {
      checkDeadline();
      return act(guest, ...args);
    } catch (error) {
      throw fatal(guest, error);
    }
  };
}

/** Bytes of code, some 0.1 ms. */
const STEPS = 1 << 18;

/** What the host's count asks (meter.ts): how many bytes of code may run until it asks again, and 0 when no more may. */
function tick(guest: Guest): number {
  try {
    checkDeadline();
    return STEPS;
  } catch (error) {
    fatal(guest, error);
    return 0;
  }
}

/** Above zero: an answer waits. Below: an error waits. Errors of operations are data, the guest decides what they mean. */
function operate(guest: Guest, op: Op, at: number, length: number): number {
  const name = `${op.domain}.${op.name}`;
  const { messageBytes } = guest.call.limits;
  countOperation(guest, name);
  const bytes = bytesAt(guest, at, length, name);
  try {
    if (!guest.call.granted.has(name)) throw new CniError(CODE.capabilityDenied, `${name} is not granted`, { kind: 'denied', op: name });
    const text = JSON.stringify(guest.call.perform(op, readRequest(guest, name, op.request, bytes)));
    if (Buffer.byteLength(text) > messageBytes) throw overLimit(guest, name, `the answer of ${name} has ${Buffer.byteLength(text)} bytes`, 'messageBytes');
    return offer(guest, text);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    if (isForAudit(error)) guest.call.audit(error, name, new TextDecoder().decode(bytes.subarray(0, 1024)));
    return -offer(guest, errorDocument(error, name));
  }
}

function readRequest(guest: Guest, name: string, shape: Shape, bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > guest.call.limits.messageBytes) throw overLimit(guest, name, `a request of ${bytes.length} bytes to ${name}`, 'messageBytes');
  let request: Record<string, unknown>;
  try {
    request = parseObject(bytes).value;
  } catch (error) {
    throw wrongRequest(name, reason(error));
  }
  const wrong = mismatch(shape, request);
  if (wrong !== undefined) throw wrongRequest(name, wrong);
  return request;
}

/** What the guest may switch on and what it may show; the cause stays here. */
function errorDocument({ code, message, facts: { kind = 'io', errno, op, at, hint, details } }: CniError, name: string): string {
  return JSON.stringify({ code, kind, errno, op: op ?? name, at, msg: message, hint, details });
}

function offer(guest: Guest, text: string): number {
  guest.waiting = Buffer.from(text);
  return guest.waiting.length;
}

function take(guest: Guest, at: number, capacity: number, name: string): number {
  const { waiting } = guest;
  if (!waiting) throw trap(guest, name, 'nothing waits; what was taken is gone', 'nothing waits');
  if (capacity >>> 0 < waiting.length) return -waiting.length;
  bytesAt(guest, at, waiting.length, name).set(waiting);
  delete guest.waiting;
  return waiting.length;
}

function said(guest: Guest, name: string, at: number, length: number, limit: 'resultBytes' | 'messageBytes'): Uint8Array {
  const bytes = bytesAt(guest, at, length, name);
  if (bytes.length > guest.call.limits[limit]) throw overLimit(guest, name, `${name} was given ${bytes.length} bytes`, limit);
  return bytes.slice();
}
