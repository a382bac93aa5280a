// Everything that is thrown becomes one CNI error; what nobody foresaw says so, without a stack trace on stdout.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from './cni-error.ts';
import { KernelError } from './kernel/kernel-error.ts';
import type { Log } from './log.ts';
import { reason } from './protocol/go-json.ts';
import { cniErrorOfSystem } from './system-error.ts';

export function asCniError(error: unknown, log: Log): CniError {
  if (error instanceof CniError) return error;
  if (error instanceof KernelError) return new CniError(CODE.kernel, error.message, { kind: 'io', errno: error.errno, cause: error });
  const known = cniErrorOfSystem(error);
  if (known) return known;
  log.error({ err: error }, 'internal error');
  return new CniError(CODE.hostInternal, `internal error: ${reason(error)}`, { hint: 'this is a bug of cni-wasm; the log (stderr, or CNI_WASM_LOG_FILE) has the place' });
}
