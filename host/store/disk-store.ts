// Entries as files: for IPAM the reference host-local's layout and lock, so that both can share a folder of live leases.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { folderOf } from '../ledger/attachment-id.ts';
import type { Locks } from '../ledger/locks.ts';
import type { LockedStore, OpenStore, Store, StorePlace } from './store.ts';

/** ms; the reference waits for ever and takes the runtime's deadline with it */
const LOCK_TIMEOUT = 20_000;

export const diskStores = (locks: Pick<Locks, 'holdFile'>): OpenStore => (place) => openFolder(folderFor(place), locks);

function folderFor({ layout, root, network, module }: StorePlace): string {
  return layout === 'ipam' ? join(root, folderOf(network)) : join(root, 'store', module ?? '', folderOf(network));
}

function openFolder(folder: string, locks: Pick<Locks, 'holdFile'>): LockedStore {
  let release: (() => void) | undefined;
  const hold = (): Store => {
    if (!release) {
      reaching(folder, () => mkdirSync(folder, { recursive: true, mode: 0o755 }));
      // 0750 before umask is what the reference creates it with.
      const file = join(folder, 'lock');
      reaching(file, () => closeSync(openSync(file, 'a', 0o750)));
      release = locks.holdFile(file, 'exclusive', LOCK_TIMEOUT);
    }
    return folderStore(folder);
  };
  const close = (): void => {
    release?.();
    release = undefined;
  };
  return {
    hold,
    close,
    with(act) {
      const wasHeld = release !== undefined;
      try {
        return act(hold());
      } finally {
        if (!wasHeld) close();
      }
    },
  };
}

function folderStore(folder: string): Store {
  const at = (key: string): string => join(folder, key);
  const get = (key: string): string | undefined => {
    try {
      return readFileSync(at(key), 'utf8') || undefined;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw unreachable(at(key), error);
    }
  };
  return {
    get,
    has: (key) => (statSync(at(key), { throwIfNoEntry: false })?.size ?? 0) > 0,
    put(key, value) {
      // Without a temporary file, which a killed host would leave behind: an entry is one short write, and an empty one is free.
      reaching(at(key), () => writeFileSync(at(key), value, { mode: 0o600 }));
    },
    delete(key) {
      try {
        unlinkSync(at(key));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw unreachable(at(key), error);
      }
    },
    list(value) {
      const keys = reaching(folder, () => readdirSync(folder)).filter((key) => !key.startsWith('.') && key !== 'lock' && !key.startsWith('last_reserved_ip.'));
      return keys.sort().flatMap((key) => {
        const found = get(key);
        return found === undefined || (value !== undefined && found.trim() !== value) ? [] : [{ key, value: found }];
      });
    },
  };
}

function reaching<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw unreachable(path, error);
  }
}

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EIO';

const unreachable = (path: string, error: unknown): CniError =>
  new CniError(CODE.io, `lease store "${path}": ${errnoOf(error)}; the folder must be writable and its entries plain files`, { kind: 'io', errno: errnoOf(error), cause: error });
