// May what journal and ledger say be believed, and can it be read? They say what root deletes, from whom, and what it puts in its place.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { mustBeRootOnly } from '../root-only.ts';
import type { Roots } from '../roots.ts';
import { errnoOf } from '../system-error.ts';

type Books = Pick<Roots, 'state' | 'run' | 'leases'>;

/**
 * Throws `code` for a folder that others may write to, or that is another one wherever the next call is started, as leases may not be either. Of one
 * that is not there nothing is believed, and we make it so that others may not.
 */
export function mustBeBelieved({ state, run, leases }: Books, code: number = CODE.io): void {
  for (const [variable, folder] of [['CNI_WASM_STATE', state], ['CNI_WASM_RUN', run], ['CNI_WASM_LEASES', leases]] as const) {
    if (!isAbsolute(folder)) throw new CniError(code, `${variable} is "${folder}": it must be an absolute path`, { at: variable });
  }
  for (const folder of [state, run]) {
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
