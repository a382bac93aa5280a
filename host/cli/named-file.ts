// A file that somebody named on the command line.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { errnoOf } from '../system-error.ts';

/** Throws code 5. */
export function readNamed(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CniError(CODE.io, `"${path}" cannot be read: ${errnoOf(error)}`, { kind: 'io', cause: error });
  }
}
