// A folder that may be there, and making it with those above it.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './system-error.ts';

/** Throws for what is there and is none, also above it. */
export function isFolder(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Node's own way never ends where a file system makes no folders, such as /proc, which says that there is no such folder; and no deadline ends it. */
export function makeFolder(path: string, mode: number): void {
  if (isFolder(path)) return;
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
