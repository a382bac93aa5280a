// Which files of a folder can be an owner's, so that not all are read. It never says whose a file is, which the file does; it is believed only
// while the folder is as it was left; and where anything is wrong with it, all files are read.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { existsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { mark, timesOf } from './folder-mark.ts';
import { makeOwnerPages, openOwnerPages, type Note, type OwnerPages } from './owner-pages.ts';

/** All of it under the folder's lock. */
export interface OwnerIndex {
  /** Names of files: all of the owner's, and perhaps others. undefined when only reading all of them tells. */
  filesOf(owner: string): readonly string[] | undefined;
  /** Carries out a change of the folder, and notes what the index will say of it. */
  change(act: () => void, note?: Note): void;
  /** Before the lock is given back. `owners` of all files, if all were read. */
  close(owners: ReadonlyMap<string, string> | undefined): void;
}

export type OpenIndex = (folder: string) => OwnerIndex;

/** So few files are read as quickly as an index. */
const FEW = 16;

/** What an earlier boot noted is not believed: a loss of power keeps and forgets as it likes. */
export const diskIndex = (state: string, boot: () => string): OpenIndex => (folder) => {
  const indexes = join(state, 'index');
  const path = join(indexes, createHash('sha256').update(folder).digest('hex').slice(0, 32));
  const trueOf = (times: string): string => `${boot()} ${times}`;
  let looked = false;
  let pages: OwnerPages | undefined;
  let [begun, ended] = [0, 0];

  /** At the latest before the first change, after which the folder is not as it was left. */
  const look = (): OwnerPages | undefined => {
    if (!looked && existsSync(path)) pages = attempt(() => openOwnerPages(path, trueOf(timesOf(folder))));
    looked = true;
    return pages;
  };
  const keep = (owners: ReadonlyMap<string, string> | undefined): boolean => {
    const times = (owners?.size ?? pages?.files ?? 0) < FEW ? undefined : mark(folder);
    if (times === undefined) return false;
    if (pages?.save(trueOf(times))) return true;
    makeFolder(indexes, 0o700);
    return owners !== undefined && makeOwnerPages(path, owners, trueOf(times));
  };
  return {
    filesOf: (owner) => look()?.filesOf(owner),
    change(act, note) {
      look();
      begun++;
      act();
      if (note) pages?.note(note);
      ended++;
    },
    close(owners) {
      if (owners) look();
      const isTrue = begun === 0 && pages?.areWhole;
      // What did not come to its end may have been done or not. Without a mark the folder's times say that it is not as it was left.
      const isKnown = begun === ended && (pages ?? owners) !== undefined;
      if (!isTrue && isKnown && !attempt(() => keep(owners)) && existsSync(path)) attempt(() => unlinkSync(path));
      attempt(() => pages?.close());
    },
  };
};

/** The index is only for speed: an error of the disk is none of the call's. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
