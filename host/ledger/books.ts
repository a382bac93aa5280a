// May what journal and ledger say be believed, and can it be read? They say what root deletes, from whom, and what it puts in its place.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { mustBeRootOnly } from '../root-only.ts';
import { movedBy, type Roots } from '../roots.ts';
import { errnoOf } from '../system-error.ts';

/** The ledger is in `state`, the journal in `run`. */
type Books = Pick<Roots, 'state' | 'run'> & Partial<Roots>;

/**
 * Throws `code` for a folder that others may write to, or that is another one wherever the next call is started, as no root may be. Of one
 * that is not there nothing is believed, and we make it so that others may not.
 */
export function mustBeBelieved(roots: Books, code: number = CODE.io): void {
  for (const [root, folder] of Object.entries(roots) as [keyof Roots, string][]) {
    if (!isAbsolute(folder)) throw new CniError(code, `${movedBy(root)} is "${folder}": it must be an absolute path`, { at: movedBy(root) });
  }
  for (const folder of [roots.state, roots.run]) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat) mustBeRootOnly(folder, stat, code, 700);
  }
}

/** For people who ask what they say. */
export function mustBeOpen(books: Books): void {
  mustBeBelieved(books);
  for (const folder of [join(books.state, 'ledger'), join(books.run, 'journal')]) mustBeReadable(folder);
}

/** Who may not look into a folder must not be told that nothing is in it. Throws CniError for one that is there and cannot be read. */
export function mustBeReadable(folder: string): void {
  try {
    readdirSync(folder);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOENT') throw new CniError(CODE.io, `"${folder}" cannot be read: ${errno}`, { kind: 'io', hint: errno === 'EACCES' ? 'ask as root' : 'it must be a folder, or not be there' });
  }
}
