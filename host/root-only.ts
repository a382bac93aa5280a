// What is believed because only root can have written it.
// SPDX-License-Identifier: Apache-2.0

import type { Stats } from 'node:fs';
import { CniError } from './cni-error.ts';

/** Throws `code` for what others own or may write to; `proper` is the mode to tell the operator, in octal digits. */
export function mustBeRootOnly(path: string, { uid, mode }: Stats, code: number, proper: number): void {
  if ((uid === 0 || uid === (process.geteuid?.() ?? 0)) && (mode & 0o022) === 0) return;
  throw new CniError(code, `"${path}" must belong to root and be writable by nobody else, it is ${(mode & 0o777).toString(8)} of uid ${uid}`, {
    at: path,
    hint: `chown root "${path}" && chmod ${proper} "${path}"`,
  });
}
