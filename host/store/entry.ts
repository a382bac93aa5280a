// An entry of a store as a file. A link leads elsewhere, and a pipe keeps whoever opens it waiting: what is no plain file is nobody's entry,
// and in the way.
// SPDX-License-Identifier: Apache-2.0

import { constants, lstatSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../system-error.ts';
import { reaching, unreachable } from './reaching.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/** Node takes numbers, which its types do not say. */
const READ = (O_RDONLY | O_NOFOLLOW | O_NONBLOCK) as unknown as string;
const WRITE = (O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK) as unknown as string;

/** undefined without one. Throws code 5. */
export const readEntry = (path: string): string | undefined => (kindOf(path) === 'plain' ? readPlain(path) : undefined);

/** For what is known to be a plain file, or was a moment ago. */
export function readPlain(path: string): string | undefined {
  try {
    const value = readFileSync(path, { encoding: 'utf8', flag: READ });
    // A writer that was killed leaves an empty file, a machine that lost power perhaps one of NULs: neither says whose it is, so it is nobody's.
    return /[^\0\s]/.test(value) ? value : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unreachable(path, error);
  }
}

/** Something other than an entry has its name, so that none can be made. */
export const isInTheWay = (path: string): boolean => kindOf(path) === 'other';

/** Throws code 5. */
export const writeEntry = (path: string, value: string): void =>
  reaching(path, () => writeFileSync(path, value, { mode: 0o600, flag: WRITE }));

/**
 * Never written over but made anew, as the reference does: then the folder's times tell of it. Without a temporary file, which a killed host
 * would leave behind: an entry is one short write, and an empty one is free. Throws code 5.
 */
export function makeEntry(path: string, value: string): void {
  const make = (): void => writeFileSync(path, value, { mode: 0o600, flag: 'wx' });
  try {
    make();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || isInTheWay(path)) throw unreachable(path, error);
    removeEntry(path);
    reaching(path, make);
  }
}

/** Looked for first: of what is not there the kernel says EROFS on a mount that is read-only, and of a folder EISDIR. */
export function removeEntry(path: string): void {
  if (kindOf(path) !== 'plain') return;
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw unreachable(path, error);
  }
}

/** Under a name that is too long for a file there is nothing. */
function kindOf(path: string): 'plain' | 'other' | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat && (stat.isFile() ? 'plain' : 'other');
  } catch (error) {
    if (errnoOf(error) === 'ENAMETOOLONG') return undefined;
    throw unreachable(path, error);
  }
}
