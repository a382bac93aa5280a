// What a guest can call: the functions of cni:abi/1, and one function for each operation. Nothing of the host throws into a guest and goes on.
// SPDX-License-Identifier: Apache-2.0

import { ABI, OPS, type Op } from '../../abi/ops.ts';
import { CniError, CODE } from '../cni-error.ts';
import { parseObject, reason } from '../protocol/go-json.ts';
import { bytesAt, overLimit, trap, type Guest } from './guest.ts';
import type { LogRecord } from './sandbox.ts';
import { problemWith } from './validate-shape.ts';

export type Import = (...args: number[]) => number | bigint | void;
export type Imports = Record<string, Record<string, Import>>;

const LEVELS: readonly LogRecord['level'][] = ['debug', 'info', 'warn', 'error'];

/** An operation that was not granted is bound to `denied`: it was optional, or the grant stage would have refused the module. */
export function bindImports(guest: Guest): Imports {
  const imports: Imports = { [`cni:abi/${ABI}`]: abiFunctions(guest) };
  for (const op of OPS) {
    const domain = (imports[`cni:${op.domain}/${ABI}`] ??= {});
    const granted = guest.call.granted.has(`${op.domain}.${op.name}`);
    domain[op.name] = fatally(guest, (at = 0, length = 0) => answer(guest, op, at, length, granted ? (request) => guest.call.perform(op, request) : deny(guest, op)));
  }
  return imports;
}

function abiFunctions(guest: Guest): Record<string, Import> {
  const { call } = guest;
  const functions: Record<string, Import> = {
    take: (at = 0, capacity = 0) => take(guest, at, capacity),
    result: (at = 0, length = 0) => { guest.result = said(guest, 'result', at, length, 'resultBytes'); },
    fail: (at = 0, length = 0) => { guest.error = said(guest, 'fail', at, length, 'messageBytes'); },
    log: (level = 0, at = 0, length = 0) => log(guest, level, at, length),
    // The host filters: what is written is the operator's choice and none of the guest's business.
    log_level: () => 0,
    now: (clock) => {
      if (clock === 0) return BigInt(Date.now()) * 1_000_000n;
      if (clock === 1) return process.hrtime.bigint();
      throw trap(guest, `cni:abi/${ABI}.now: there is no clock ${clock}, only 0 (wall) and 1 (monotonic)`);
    },
    random: (at = 0, length = 0) => call.random(bytesAt(guest, at, length, `cni:abi/${ABI}.random`)),
    grants: (at = 0, length = 0) => {
      bytesAt(guest, at, length, `cni:abi/${ABI}.grants`);
      return offer(guest, JSON.stringify(call.grants));
    },
    close: (handle = 0) => {
      call.close(handle);
      return 0;
    },
  };
  return Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, fatally(guest, run)]));
}

/** Anything thrown ends the run, also when the guest catches it. */
export const fatally = (guest: Guest, run: Import): Import => (...args) => {
  if (guest.fatal) throw guest.fatal;
  try {
    return run(...args);
  } catch (error) {
    guest.fatal = error instanceof CniError ? error : new CniError(CODE.hostInternal, `plugin "${guest.call.name}", ${guest.lastOperation ?? 'before any operation'}: ${reason(error)}`, { cause: error });
    throw guest.fatal;
  }
};

function answer(guest: Guest, op: Op, at: number, length: number, perform: (request: Record<string, unknown>) => object): number {
  const name = `${op.domain}.${op.name}`;
  const { operations, messageBytes } = guest.call.limits;
  guest.lastOperation = name;
  if (++guest.operations > operations) throw overLimit(guest, `${guest.operations} operations in one call`, operations, 'operations');
  const bytes = bytesAt(guest, at, length, name);
  try {
    const text = JSON.stringify(perform(readRequest(guest, op, bytes)));
    if (Buffer.byteLength(text) > messageBytes) throw overLimit(guest, `the answer of ${name} has ${Buffer.byteLength(text)} bytes`, messageBytes, 'messageBytes');
    return offer(guest, text);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return -offer(guest, errorDocument(error, name));
  }
}

function readRequest(guest: Guest, op: Op, bytes: Uint8Array): Record<string, unknown> {
  const name = `${op.domain}.${op.name}`;
  const { messageBytes } = guest.call.limits;
  if (bytes.length > messageBytes) throw overLimit(guest, `a request of ${bytes.length} bytes to ${name}`, messageBytes, 'messageBytes');
  const request = parsed(name, bytes);
  const problem = problemWith(request, op.request);
  if (problem !== undefined) throw invalid(name, problem);
  return request;
}

function parsed(name: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return parseObject(bytes).value;
  } catch (error) {
    throw invalid(name, reason(error));
  }
}

const invalid = (op: string, problem: string): CniError => new CniError(CODE.plugin, `${op}: ${problem}`, { kind: 'invalid', op });

const deny = ({ call }: Guest, op: Op) => (): never => {
  throw new CniError(CODE.capabilityDenied, `plugin "${call.name}" asks for cni:${op.domain}/${ABI}.${op.name}; policy grants none`, { kind: 'denied' });
};

/** What the guest may switch on and what it may show; the stack and the cause stay here. */
function errorDocument({ code, message, facts: { kind = 'io', errno, op, at, hint, details } }: CniError, name: string): string {
  return JSON.stringify({ code, kind, errno, op: op ?? name, at, msg: message, hint, details });
}

function offer(guest: Guest, text: string): number {
  guest.waiting = Buffer.from(text);
  return guest.waiting.length;
}

function take(guest: Guest, at: number, capacity: number): number {
  const { waiting } = guest;
  if (!waiting) throw trap(guest, `cni:abi/${ABI}.take: nothing waits; what was taken is gone`);
  if (capacity >>> 0 < waiting.length) return -waiting.length;
  bytesAt(guest, at, waiting.length, `cni:abi/${ABI}.take`).set(waiting);
  delete guest.waiting;
  return waiting.length;
}

function said(guest: Guest, name: string, at: number, length: number, limit: 'resultBytes' | 'messageBytes'): Uint8Array {
  const most = guest.call.limits[limit];
  const bytes = bytesAt(guest, at, length, `cni:abi/${ABI}.${name}`);
  if (bytes.length > most) throw overLimit(guest, `a ${name} of ${bytes.length} bytes`, most, limit);
  return bytes.slice();
}

/** Records beyond the limits are dropped: a guest that talks too much still does its work. */
export function log(guest: Guest, level: number, at: number, length: number): void {
  const bytes = bytesAt(guest, at, length, `cni:abi/${ABI}.log`);
  logText(guest, LEVELS[level] ?? 'error', bytes);
}

export function logText(guest: Guest, level: LogRecord['level'], bytes: Uint8Array): void {
  const { limits, log: write } = guest.call;
  if (guest.logRecords >= limits.logRecords || guest.logBytes >= limits.logBytes) return;
  const text = new TextDecoder().decode(bytes.subarray(0, limits.logBytes - guest.logBytes));
  guest.logRecords++;
  guest.logBytes += bytes.length;
  if (level === 'error') guest.lastErrorLog = text;
  write({ level, text });
  if (guest.logRecords >= limits.logRecords || guest.logBytes >= limits.logBytes) {
    write({ level: 'warn', text: `the log is full (${limits.logRecords} records, ${limits.logBytes} bytes); the rest of this call is dropped` });
  }
}
