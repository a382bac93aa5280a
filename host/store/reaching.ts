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

export const unreachable = (path: string, error: unknown): CniError =>
  new CniError(CODE.io, `store "${path}": ${errnoOf(error)}; the folder must be writable and its entries plain files`, { kind: 'io', errno: errnoOf(error), cause: error });
