// The store as operations see it: entries with compare-and-set, of one place. Nothing here assumes that it is on this node.
// SPDX-License-Identifier: Apache-2.0

import type { CniError } from '../cni-error.ts';

/** Where a store is: host-local's lease folder of a network, a module's own, or one file of an attachment. */
export interface StorePlace {
  layout: 'ipam' | 'own' | 'dataDir';
  /** the configuration's dataDir, or the state root */
  root: string;
  network: string;
  /** for layout `own` */
  module?: string;
  /** for layout `dataDir` */
  file?: string;
}

/** host-local's cursor of a range: where the last allocation stood. All share it, so a later DEL must not turn it back, and it is nobody's object. */
export const isCursor = (key: string): boolean => /^last_reserved_ip\.\d{1,3}$/.test(key);

/** All methods hold the store's lock, which the opener took. */
export interface Store {
  /** undefined when absent, and for an empty entry: the writer was killed, the address is free. */
  get(key: string): string | undefined;
  put(key: string, value: string): void;
  delete(key: string): void;
  /** Keys whose value is exactly `value`, or all; control entries left out. */
  list(value?: string): { key: string; value: string }[];
  /** Also of what is no entry but has its name, so that get() finds nothing and none can be made. */
  has(key: string): boolean;
  /** The key of the only entry that it can have. */
  readonly onlyKey?: string;
  /** Why nothing can be put there: it is on a mount that is read-only. */
  readonly unwritable?: CniError;
  /** Removes what killed writers left: entries without content, which the reference takes for addresses in use. */
  repair(): void;
}

export interface LockedStore {
  /** Runs `act` under the store's lock and gives the lock back. */
  with<T>(act: (store: Store) => T): T;
  /** Takes the lock until close(). */
  hold(): Store;
  close(): void;
}

export type OpenStore = (place: StorePlace) => LockedStore;
