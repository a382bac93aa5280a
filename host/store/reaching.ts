// What a file of the store says when it cannot be used: an I/O error with its path.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { errnoOf, isFull, outOfFiles } from '../system-error.ts';

export function reaching<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw unreachable(path, error);
  }
}

export function unreachable(path: string, error: unknown): CniError {
  const errno = errnoOf(error) ?? 'EIO';
  // The reference's words.
  const text = errno === 'ENOTDIR' ? `mkdir ${inTheWay(path)}: not a directory; "dataDir" must name a folder`
    : `store "${path}": ${errno}; ${isFull(error) ? 'its file system has no space left, or no room for another file' : outOfFiles(errno) ?? 'the folder must be writable and its entries plain files'}`;
  return new CniError(CODE.io, text, { kind: 'io', errno, cause: error });
}

/** What is there of a path that leads through a file. */
const inTheWay = (path: string): string => (existsSync(path) ? path : inTheWay(dirname(path)));
