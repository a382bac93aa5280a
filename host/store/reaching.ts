// What a file of the store says when it cannot be used: an I/O error with its path.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';

export function reaching<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw unreachable(path, error);
  }
}

export const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EIO';

export function unreachable(path: string, error: unknown): CniError {
  const errno = errnoOf(error);
  // The reference's words, with the path of what is in the way.
  const text = errno === 'ENOTDIR' ? `mkdir ${(error as NodeJS.ErrnoException).path ?? path}: not a directory; "dataDir" must name a folder`
    : `store "${path}": ${errno}; the folder must be writable and its entries plain files`;
  return new CniError(CODE.io, text, { kind: 'io', errno, cause: error });
}
