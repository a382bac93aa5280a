// Runs one entry of one module under its limits: instantiate, hand over the request, call, read what it said.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { reason } from '../protocol/go-json.ts';
import { importsOf } from './bind-imports.ts';
import { DeadlinePassed, withDeadline } from '../deadline.ts';
import { fatal, newGuest, progress, withRunning, type Guest } from './guest.ts';
import { ownError, resultOf } from './guest-answer.ts';
import type { GuestModule } from './guest-module.ts';
import { giveBack, instanceOf } from './instances.ts';
import type { GuestCall, RunGuest } from './sandbox.ts';
import { bindWasi, needsWasi } from './wasi.ts';

const PAGE = 65536;

export const runGuest: RunGuest = (call) => {
  const guest = newGuest(call);
  const status = withRunning(guest, () => statusOf(guest));
  if (status !== 0) throw ownError(guest);
  return resultOf(guest);
};

function statusOf(guest: Guest): number {
  const { call } = guest;
  const wasi = needsWasi(call.module) ? bindWasi(guest) : undefined;
  const imports = { ...importsOf(call.module), ...wasi?.imports };
  try {
    // Instantiating runs the module's start function, so it is under the deadline too.
    const status = withDeadline(call.limits.timeMs, () => {
      const instance = instanceOf(call.module, imports);
      adoptMemory(guest, instance);
      wasi?.attach(instance);
      if (typeof instance.exports['_initialize'] === 'function') (instance.exports['_initialize'] as () => void)();
      const said = entryOf(call, instance)(guest.waiting?.length ?? 0);
      giveBack(call.module, instance);
      return said;
    });
    if (status === undefined && isCommand(call.module)) return 0;
    if (status === undefined || !Number.isInteger(status)) throw new CniError(CODE.trap, `plugin "${call.name}": ${call.entry} must return an i32, got ${String(status)}`);
    return status;
  } catch (error) {
    if (guest.exited !== undefined) return guest.exited;
    const failure = failureOf(guest, error);
    call.audit(failure, guest.lastOperation ?? call.entry, call.entry);
    throw failure;
  } finally {
    wasi?.close();
  }
}

function adoptMemory(guest: Guest, { exports: { memory } }: WebAssembly.Instance): void {
  if (!(memory instanceof WebAssembly.Memory)) throw new CniError(CODE.moduleRefused, `plugin "${guest.call.name}" exports no memory; export it as "memory"`);
  guest.memory = memory;
  guest.firstPages = memory.buffer.byteLength / PAGE;
}

/** A WASI command has one function for all verbs; which one is meant it reads in the request. */
export const isCommand = ({ exports }: GuestModule): boolean =>
  exports.has('_start') && ![...exports.keys()].some((name) => /^cni_(add|del|check|gc|status)$/.test(name));

function entryOf({ name, entry, module }: GuestCall, { exports }: WebAssembly.Instance): (length: number) => number | undefined {
  const found = exports[isCommand(module) ? '_start' : entry];
  if (typeof found !== 'function') throw new CniError(CODE.moduleRefused, `plugin "${name}" exports no function ${entry}`);
  return found as (length: number) => number | undefined;
}

/** Whatever ended the run, in one sentence with what is known of it. */
function failureOf(guest: Guest, thrown: unknown): CniError {
  const { call } = guest;
  const error = guest.fatal ?? (thrown instanceof DeadlinePassed ? fatal(guest, thrown) : thrown);
  if (error instanceof CniError) return error.code === CODE.trap ? new CniError(error.code, error.message, { ...error.facts, details: progress(guest) }) : error;
  // V8 says TypeError when nothing at all is there under the import's module name.
  if (error instanceof WebAssembly.LinkError || (error instanceof TypeError && !guest.memory)) return new CniError(CODE.moduleRefused, `plugin "${call.name}" cannot be linked: ${reason(error)}`, { cause: error });
  if (isOutOfMemory(guest, error)) {
    return new CniError(CODE.limit, `plugin "${call.name}" needs more memory than it may have`, {
      kind: 'limit', at: 'limits.memoryPages', details: `${progress(guest)}; it was given ${given(guest)} bytes`, hint: 'raise limits.memoryPages in policy.json and --maximumMemory of the module if that is meant', cause: error,
    });
  }
  return new CniError(CODE.trap, `plugin "${call.name}" trapped in ${call.entry}: ${reason(error)}`, { details: progress(guest), cause: error });
}

const given = ({ call }: Guest): number => Buffer.byteLength(call.request);

/**
 * A module that is refused a page aborts, and to V8 that is `unreachable` like any other. It grew to where no page is left to get, or what it was
 * given has no room in all that there are.
 */
function isOutOfMemory(guest: Guest, error: unknown): boolean {
  const { memory, firstPages, call } = guest;
  if (error instanceof RangeError) return /memory/i.test(error.message);
  if (!memory || !(error instanceof WebAssembly.RuntimeError)) return false;
  if (given(guest) > (call.limits.memoryPages - firstPages) * PAGE) return true;
  if (memory.buffer.byteLength / PAGE === firstPages) return false;
  try {
    memory.grow(1);
    return false;
  } catch {
    return true;
  }
}
