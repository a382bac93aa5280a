// Making a file of ours whose folder is only missing the first time.
// SPDX-License-Identifier: Apache-2.0

import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { errnoOf } from './system-error.ts';

/** The folder is made when `make` finds none: to ask for it each time costs two system calls. */
export function inFolder<T>(path: string, make: () => T, mode = 0o700): T {
  try {
    return make();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  makeFolder(dirname(path), mode);
  return make();
}
