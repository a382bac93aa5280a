// Who may not look into a folder must not be told that nothing is in it.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';

/** Throws CniError for a folder that is there and cannot be read. */
export function mustBeReadable(folder: string): void {
  try {
    readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new CniError(CODE.io, `"${folder}" cannot be read: ${code}`, { kind: 'io', hint: 'ask as root' });
  }
}
