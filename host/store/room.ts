// Is there room for one more file? A file system that is full can still be read, and makes files without bytes, such as a lock.
// SPDX-License-Identifier: Apache-2.0

import { statfsSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';

/** Of bytes, or of files. A file system that does not count them says that there are none in all. */
export function hasRoom(folder: string): boolean {
  const { blocks, bfree, files, ffree } = statfsSync(folder);
  return (blocks === 0 || bfree > 0) && (files === 0 || ffree > 0);
}

/** For STATUS, which writes nothing that would tell. */
export function mustHaveRoom(folder: string): void {
  if (!hasRoom(folder)) throw new CniError(CODE.io, `"${folder}" has no space left (ENOSPC); leases are kept there`, { kind: 'io', errno: 'ENOSPC' });
}
