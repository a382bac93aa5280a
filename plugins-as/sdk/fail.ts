// How a plugin ends without success. `return fail('…')` from an export; the value is never 0.
// SPDX-License-Identifier: Apache-2.0

import { setError } from './abi';
import { Fault } from './answer';
import { Obj } from './json';

/** The reference library's code for whatever a plugin's own logic finds wrong. */
export const PLUGIN_ERROR: i32 = 999;
/** SPEC §STATUS, "plugin not available": an ADD would fail. */
export const NOT_AVAILABLE: i32 = 50;
/** The host's: an operation, or what is asked of it, is outside of what was granted. */
export const NOT_GRANTED: i32 = 101;

export function fail(msg: string, code: i32 = PLUGIN_ERROR, details: string = ''): i32 {
  const error = new Obj().int('code', code).str('msg', msg).optional('details', details);
  setError(error.buffer, error.length);
  return 1;
}

/** Passes on the error of an operation: its code and details stay, `prefix` says what was being done. */
export function failWith(fault: Fault, prefix: string = ''): i32 {
  const msg = prefix.length == 0 ? fault.msg : prefix + ': ' + fault.msg;
  return fail(msg, fault.code, fault.details.length > 0 ? fault.details : fault.hint);
}
