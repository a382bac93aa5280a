// Files that decide what may run must be the administrator's alone.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { withFile } from '../open-file.ts';
import { parseObject, reason } from '../protocol/go-json.ts';
import { mustBeRootOnly } from '../root-only.ts';
import { isAbsence } from '../system-error.ts';

/** The JSON object in the file, undefined when there is no such file. Throws code 100 for a file others could have written, or put there. */
export function readTrusted(path: string): Record<string, unknown> | undefined {
  const bytes = readIfThere(path);
  if (!bytes) return undefined;
  try {
    return parseObject(bytes).value;
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `"${path}": ${reason(error)}`, { at: path, cause: error });
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return withFile(path, (fd, stat) => {
      if (!stat.isFile()) throw new CniError(CODE.moduleRefused, `"${path}" must be a plain file`, { at: path });
      mustBeRootOnly(path, stat, CODE.moduleRefused, 644);
      // Who may write to a folder can put another of root's files in this one's place: an old one, or one that allows more. A link may lead elsewhere.
      for (const folder of new Set([dirname(path), dirname(realpathSync(path))])) mustBeRootOnly(folder, statSync(folder), CODE.moduleRefused, 755);
      return readFileSync(fd);
    });
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
