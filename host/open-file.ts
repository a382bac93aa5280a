// A file of which only the path is known. To open a pipe or a device waits for its other side, and nobody could end the call then.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/** For lines at a file's end, which is made where there is none. */
export const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** What `stat` says is true of the file that is read, whatever the path leads to by then. Throws what the system calls throw. */
export function withFile<T>(path: string, act: (fd: number, stat: Stats) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return act(fd, fstatSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** Throws ENOTSUP for what is no plain file. */
export const readPlainFile = (path: string): Buffer => withFile(path, (fd, stat) => {
  if (!stat.isFile()) throw Object.assign(new Error(`"${path}" is no plain file`), { code: 'ENOTSUP' });
  return readFileSync(fd);
});
