// Where the programs of the system are: in the folders of PATH, and where they usually are, since a runtime's environment may lack those.
// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/bin', '/usr/local/bin'];

export interface Programs {
  find(name: string): string | undefined;
  /** for messages, and for programs that start others */
  path: string;
}

/** `path` is the caller's PATH. Each name is looked for once. */
export function programsIn(path: string): Programs {
  const folders = [...new Set([...path.split(':').filter((folder) => folder.startsWith('/')), ...FOLDERS])];
  const found = new Map<string, string | undefined>();
  return {
    find(name) {
      if (!found.has(name)) found.set(name, folders.map((folder) => join(folder, name)).find(isProgram));
      return found.get(name);
    },
    path: folders.join(':'),
  };
}

/** Most folders do not have it, which is told without an error. A folder of its name may be entered, which is the same bit. */
function isProgram(path: string): boolean {
  try {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
