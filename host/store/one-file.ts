// One file as a store of one entry: what the reference tuning remembers of an attachment, in its place and under its name, so that each of
// both can end what the other began. The attachment's own lock is held by the call.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { readEntry, removeEntry, writeEntry } from './entry.ts';
import { reaching } from './reaching.ts';
import type { LockedStore, Store } from './store.ts';

/** The key of the entry; the name of its file may hold what no key may. */
const KEY = 'backup';

export function openFile(folder: string, name: string): LockedStore {
  const store = fileStore(folder, join(folder, name));
  return { hold: () => store, close: () => undefined, with: (act) => act(store) };
}

function fileStore(folder: string, path: string): Store {
  const get = (): string | undefined => readEntry(path);
  return {
    onlyKey: KEY,
    get,
    has: () => get() !== undefined,
    put(_key, value) {
      reaching(folder, () => makeFolder(folder, 0o700));
      writeEntry(path, value);
    },
    delete: () => removeEntry(path),
    repair() {},
    list(value) {
      const found = get();
      return found === undefined || (value !== undefined && found !== value) ? [] : [{ key: KEY, value: found }];
    },
  };
}
