// A file that somebody named on the command line.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';

/** Throws code 5. */
export function readNamed(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CniError(CODE.io, `"${path}" cannot be read: ${(error as NodeJS.ErrnoException).code}`, { kind: 'io', cause: error });
  }
}
