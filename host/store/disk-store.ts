// Entries as files: for IPAM the reference host-local's layout and lock, so that both can share a folder of live leases.
// SPDX-License-Identifier: Apache-2.0

import { closeSync } from 'node:fs';
import { join } from 'node:path';
import type { CniError } from '../cni-error.ts';
import { folderOf } from '../ledger/attachment-id.ts';
import { openLock, type Locks } from '../ledger/locks.ts';
import { folderStore, type FolderStore } from './folder-store.ts';
import { openFile } from './one-file.ts';
import type { OpenIndex } from './owner-index.ts';
import { reaching, unreachable } from './reaching.ts';
import type { LockedStore, OpenStore, Store, StorePlace } from './store.ts';

/** ms; the reference waits for ever and takes the runtime's deadline with it */
const LOCK_TIMEOUT = 60_000;

export const diskStores = (locks: Pick<Locks, 'holdFile'>, openIndex: OpenIndex): OpenStore => (place) =>
  (place.file === undefined ? openFolder(folderFor(place), locks, openIndex) : openFile(place.root, place.file));

/** Leases lie under the network's very name, as the reference has them: what is too long for a folder is the kernel's to refuse. */
export function folderFor({ layout, root, network, module }: StorePlace): string {
  return layout === 'ipam' ? join(root, network) : join(root, 'store', module ?? '', folderOf(network));
}

function openFolder(folder: string, locks: Pick<Locks, 'holdFile'>, openIndex: OpenIndex): LockedStore {
  let held: { store: FolderStore; release: () => void } | undefined;
  const hold = (): Store => {
    if (!held) {
      const file = join(folder, 'lock');
      const unwritable = makeLock(file);
      const release = locks.holdFile(file, 'exclusive', LOCK_TIMEOUT);
      // One for as long as the lock is held: it remembers what it has read.
      held = { store: { ...folderStore(folder, openIndex(folder)), ...(unwritable ? { unwritable } : {}) }, release };
    }
    return held.store;
  };
  const close = (): void => {
    const last = held;
    held = undefined;
    try {
      last?.store.close();
    } finally {
      last?.release();
    }
  };
  return {
    hold,
    close,
    with(act) {
      const wasHeld = held !== undefined;
      try {
        return act(hold());
      } finally {
        if (!wasHeld) close();
      }
    },
  };
}

/** On a mount that is read-only one that is there can be held as well: what is nobody's needs no writing. Returns why nothing can be written. */
function makeLock(file: string): CniError | undefined {
  // 0750 before umask is what the reference creates it with.
  const { fd, unwritable } = reaching(file, () => openLock(file, 0o750, 0o755));
  closeSync(fd);
  return unwritable === undefined ? undefined : unreachable(file, unwritable);
}
