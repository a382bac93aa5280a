// Everything that is thrown becomes one CNI error; what nobody foresaw says so, without a stack trace on stdout.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from './cni-error.ts';
import { KernelError } from './kernel/kernel-error.ts';
import { openLog } from './log.ts';
import { reason } from './protocol/go-json.ts';

export function asCniError(error: unknown, env: Readonly<Record<string, string | undefined>>): CniError {
  if (error instanceof CniError) return error;
  if (error instanceof KernelError) return new CniError(CODE.kernel, error.message, { kind: 'io', errno: error.errno, cause: error });
  if (isFileError(error)) {
    return new CniError(CODE.io, `${error.syscall} "${error.path}": ${error.code}`, {
      kind: 'io', errno: error.code, cause: error, hint: 'the folders of cni-wasm must be writable by root; CNI_WASM_STATE, CNI_WASM_RUN and CNI_WASM_LEASES move them',
    });
  }
  openLog(env).error({ err: error }, 'internal error');
  return new CniError(CODE.hostInternal, `internal error: ${reason(error)}`, { hint: 'this is a bug of cni-wasm; the log on stderr has the place' });
}

/** Node's errors of the file system: a full or read-only disk, a file where a folder should be. */
const isFileError = (error: unknown): error is { code: string; syscall: string; path: string } & Error =>
  error instanceof Error && 'code' in error && 'syscall' in error && 'path' in error && typeof error.path === 'string';
