// What a guest can call: the functions of cni:abi/1 and the operations it was granted.
// SPDX-License-Identifier: Apache-2.0

import { OPS, type Op } from '../../abi/ops.ts';
import { CniError, CODE } from '../cni-error.ts';
import { GuestBroke, type GuestMemory } from './guest-memory.ts';
import type { GuestCall, LogRecord } from './sandbox.ts';
import { mismatch } from './validate-shape.ts';
import { readMessage, writeMessage } from './wire.ts';

/** What the guest leaves behind. */
export interface Outcome {
  result?: string;
  failure?: string;
  /** messages of level error, for a trap's details */
  lastWords: string;
  operations: number;
}

const LEVELS: readonly LogRecord['level'][] = ['debug', 'info', 'warn', 'error'];

export function bindImports(call: GuestCall, memory: GuestMemory, outcome: Outcome): WebAssembly.Imports {
  const { limits } = call;
  let waiting: Uint8Array = Buffer.from(call.request);
  let records = 0;
  let logged = 0;

  const answer = (message: object): number => {
    waiting = writeMessage(message);
    return waiting.length;
  };
  const refusal = (error: unknown, op: string): number => {
    if (!(error instanceof CniError)) throw error;
    const { code, message: msg, facts: { kind = 'io', errno, op: within = op, at, hint, details } } = error;
    return -answer({ code, kind, op: within, msg, ...(errno ? { errno } : {}), ...(at ? { at } : {}), ...(hint ? { hint } : {}), ...(details ? { details } : {}) });
  };
  const operation = (op: Op, granted: boolean) => (pointer: number, length: number): number => {
    const name = `${op.domain}.${op.name}`;
    if (++outcome.operations > limits.operations) throw new GuestBroke(true, `more than ${limits.operations} operations in one call`);
    try {
      if (!granted) throw new CniError(CODE.capabilityDenied, `${name} is not granted`, { kind: 'denied', op: name });
      const request = readMessage(memory.readText(pointer, length, limits.messageBytes, `the request of ${name}`), name);
      const wrong = mismatch(op.request, request);
      if (wrong) throw new CniError(CODE.kernel, `${name}: ${wrong}`, { kind: 'invalid', op: name });
      return answer(call.perform(op, request));
    } catch (error) {
      return refusal(error, name);
    }
  };

  const abi = {
    take(pointer: number, capacity: number): number {
      if (waiting.length > capacity >>> 0) return -waiting.length;
      memory.write(pointer, waiting, 'take');
      const { length } = waiting;
      waiting = new Uint8Array(0);
      return length;
    },
    result(pointer: number, length: number): void {
      outcome.result = memory.readText(pointer, length, limits.resultBytes, 'the result');
    },
    fail(pointer: number, length: number): void {
      outcome.failure = memory.readText(pointer, length, limits.resultBytes, 'the error');
    },
    log(level: number, pointer: number, length: number): void {
      logged += length >>> 0;
      if (++records > limits.logRecords || logged > limits.logBytes) throw new GuestBroke(true, `more than ${limits.logRecords} log records or ${limits.logBytes} bytes of log in one call`);
      const text = memory.readText(pointer, length, limits.logBytes, 'a log record');
      if (level === 3) outcome.lastWords = text;
      call.log({ level: LEVELS[level] ?? 'info', text });
    },
    log_level: (): number => LEVELS.indexOf(call.logLevel),
    now: (clock: number): bigint => (clock === 0 ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint()),
    random(pointer: number, length: number): void {
      const bytes = memory.read(pointer, length, limits.messageBytes, 'random');
      const fresh = Uint8Array.from(bytes);
      call.random(fresh);
      memory.write(pointer, fresh, 'random');
    },
    grants: (): number => answer(call.grants),
  };

  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = { 'cni:abi/1': abi };
  for (const op of OPS) (imports[`cni:${op.domain}/1`] ??= {})[op.name] = operation(op, call.granted.has(`${op.domain}.${op.name}`));
  return imports;
}
