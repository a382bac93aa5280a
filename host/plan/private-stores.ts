// The stores of a plan: each is copied into a private folder when it is first opened, and what is put there and deleted is noted.
// SPDX-License-Identifier: Apache-2.0

import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Locks } from '../ledger/locks.ts';
import { isFolder, makeFolder } from '../make-folder.ts';
import { diskStores, folderFor } from '../store/disk-store.ts';
import type { OpenIndex } from '../store/owner-index.ts';
import { reaching } from '../store/reaching.ts';
import type { LockedStore, OpenStore, Store, StorePlace } from '../store/store.ts';

/** The node's index is of the node's folders: in a copy every file is read. */
const NO_INDEX: OpenIndex = () => ({ filesOf: () => undefined, change: (act) => act(), close: () => undefined });

type NoteEntry = (place: StorePlace, key: string, before: string | undefined, after: string | undefined) => void;

export function privateStores(folder: string, locks: Pick<Locks, 'holdFile'>, note: NoteEntry): OpenStore {
  const open = diskStores(locks, NO_INDEX);
  const copies = new Map<string, StorePlace>();
  return (place) => {
    const key = JSON.stringify(place);
    const copy = copies.get(key) ?? { ...place, root: join(folder, String(copies.size)) };
    if (!copies.has(key)) copyOver(place, copy);
    copies.set(key, copy);
    return notingStore(open(copy), (entry, before, after) => note(place, entry, before, after));
  };
}

function copyOver(from: StorePlace, to: StorePlace): void {
  const [source, target] = [from, to].map((place) => (place.file === undefined ? folderFor(place) : join(place.root, place.file))) as [string, string];
  makeFolder(to.root, 0o700);
  // What the node's own store could not use is no empty one.
  reaching(source, () => {
    if (isFolder(from.file === undefined ? source : from.root) && existsSync(source)) cpSync(source, target, { recursive: true });
  });
}

function notingStore(opened: LockedStore, note: (key: string, before: string | undefined, after: string | undefined) => void): LockedStore {
  const noting = (store: Store): Store => ({
    ...store,
    put(key, value) {
      const before = store.get(key);
      store.put(key, value);
      note(key, before, value);
    },
    delete(key) {
      const before = store.get(key);
      store.delete(key);
      note(key, before, undefined);
    },
  });
  return { hold: () => noting(opened.hold()), with: (act) => opened.with((store) => act(noting(store))), close: () => opened.close() };
}
