// A folder as a store: an entry is a file. While its lock is held nobody else writes.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAddress } from '../kernel/address.ts';
import { isInTheWay, makeEntry, readEntry, readPlain, removeEntry, writeEntry } from './entry.ts';
import type { OwnerIndex } from './owner-index.ts';
import { reaching } from './reaching.ts';
import { isCursor, type Store } from './store.ts';

export interface FolderStore extends Store {
  /** Before the lock is given back. */
  close(): void;
}

export function folderStore(folder: string, index: OwnerIndex): FolderStore {
  const at = (key: string): string => join(folder, key);
  // What was read once is remembered for as long as the lock is held.
  let all: Map<string, string> | undefined;
  const everything = (): Map<string, string> => (all ??= readAll(folder));
  // What is no entry, such as the cursor of host-local, is not among those that were read.
  const get = (key: string): string | undefined => (all && isEntry(key) ? all.get(key) : readEntry(at(key)));
  const ownedBy = (owner: string): { key: string; value: string }[] => {
    const files = index.filesOf(owner)?.filter((key) => isEntry(key) && !key.includes('/')).sort() ?? everything().keys();
    return [...files].flatMap((key) => {
      const value = get(key);
      return value !== undefined && value.trim() === owner ? [{ key, value }] : [];
    });
  };
  return {
    get,
    has: (key) => get(key) !== undefined || isInTheWay(at(key)),
    put(key, value) {
      if (!isEntry(key)) return index.change(() => writeEntry(at(key), value));
      index.change(() => {
        makeEntry(at(key), value);
        all?.set(key, value);
      }, { owner: ownerIn(value), file: key, isThere: true });
    },
    delete(key) {
      const value = isEntry(key) ? get(key) : undefined;
      index.change(() => {
        removeEntry(at(key));
        all?.delete(key);
      }, value === undefined ? undefined : { owner: ownerIn(value), file: key, isThere: false });
    },
    repair() {
      for (const key of readdirSync(folder)) {
        if (isAddress(key) && !isInTheWay(at(key)) && readEntry(at(key)) === undefined) index.change(() => removeEntry(at(key)));
      }
    },
    list: (value) => (value === undefined ? [...everything()].map(([key, found]) => ({ key, value: found })) : ownedBy(value)),
    close: () => index.close(all),
  };
}

/** As it will be read again. */
const ownerIn = (value: string): string => value.toWellFormed().trim();

const isEntry = (key: string): boolean => !key.startsWith('.') && key !== 'lock' && !isCursor(key);

/** Every entry of a folder. Without its lock one may be missing that was not written as a whole yet. */
function readAll(folder: string): Map<string, string> {
  const keys = reaching(folder, () => readdirSync(folder, { withFileTypes: true })).filter((file) => file.isFile() && isEntry(file.name)).map(({ name }) => name).sort();
  return new Map(keys.flatMap((key) => {
    const value = readPlain(join(folder, key));
    return value === undefined ? [] : [[key, value]];
  }));
}
