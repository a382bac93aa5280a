// Files that decide what may run must be the administrator's alone.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, statSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { parseObject, reason } from '../protocol/go-json.ts';

/** The JSON object in the file, undefined when there is no such file. Throws code 100 for a file others could have written. */
export function readTrusted(path: string): Record<string, unknown> | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const owner = process.geteuid?.() ?? 0;
  if (!stat.isFile()) throw new CniError(CODE.moduleRefused, `"${path}" must be a plain file`);
  if ((stat.uid !== 0 && stat.uid !== owner) || (stat.mode & 0o022) !== 0) {
    throw new CniError(CODE.moduleRefused, `"${path}" must belong to root and be writable by nobody else, it is ${(stat.mode & 0o777).toString(8)} of uid ${stat.uid}`, {
      hint: `chown root "${path}" && chmod 644 "${path}"`,
    });
  }
  try {
    return parseObject(readFileSync(path)).value;
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `"${path}": ${reason(error)}`, { cause: error });
  }
}
