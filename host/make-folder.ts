// Making a folder with those above it.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The error names what is no folder, as Go's MkdirAll does. Node's own way never ends where a file system makes no folders, such as /proc, which says
 * that there is no such folder, and no deadline ends it.
 */
export function makeFolder(path: string, mode: number): void {
  if (existsSync(path)) return closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
