// Errors of the system calls that Node makes for us, in a sentence: a full or read-only disk, a file where a folder should be.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from './cni-error.ts';

interface SystemError extends Error { code: string; syscall: string; path?: string }

/** undefined for errors of any other kind. */
export function cniErrorOfSystem(error: unknown): CniError | undefined {
  if (!isSystemError(error)) return undefined;
  const { syscall, path, code } = error;
  return new CniError(CODE.io, `${syscall}${path === undefined ? '' : ` "${path}"`}: ${code}`, {
    kind: 'io', errno: code, cause: error, hint: outOfFiles(code) ?? 'the folders of cni-wasm must be writable by root and have space left; CNI_WASM_STATE, CNI_WASM_RUN and CNI_WASM_LEASES move them',
  });
}

/** Of a system call that Node made, and not of our own code. */
export const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error && typeof error.syscall === 'string' && (!('path' in error) || typeof error.path === 'string');

/** "ENOENT", of Node's errors as of our own calls of the C library (a KernelError); undefined for what is no error of a system call. */
export function errnoOf(error: unknown): string | undefined {
  const { code, errno } = Object(error) as { code?: unknown; errno?: unknown };
  return [code, errno].find((one) => typeof one === 'string');
}

/** What fails on an open file has no path. */
export function naming<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (isSystemError(error)) error.path ??= path;
    throw error;
  }
}

/** ENOSPC is also said of files, of which there can be no more. */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');

/** What to do where no file can be opened, whichever it is; undefined for any other error. */
export const outOfFiles = (errno: string): string | undefined => ({
  EMFILE: 'this process has as many files open as it may: raise its limit (LimitNOFILE of its unit, ulimit -n)', ENFILE: 'the node has as many files open as it may: raise fs.file-max',
})[errno];

/** Nothing is there: which of a file to be read is an answer, while any other error is none. */
export const isAbsence = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '');
