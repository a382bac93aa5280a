// Leases whose containers ended with the machine: their record is of an earlier boot and their namespace is gone. Runtimes delete most of these
// containers after a reboot, but not all; a full range need not wait for GC.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import type { LedgerRecord } from '../ledger/ledger.ts';
import type { Store, StorePlace } from './store.ts';

/** Keys that nobody needs. What has no record says nothing of its boot, and a namespace without a path nothing of its end: both stay. */
export function leasesOfEarlierBoots(store: Store, place: StorePlace, records: readonly LedgerRecord[], boot: string): ReadonlySet<string> {
  const over = records.filter((record) => record.boot !== boot && record.netnsPath !== '' && !existsSync(record.netnsPath));
  return new Set(over.flatMap(({ plugins }) => plugins.flatMap(({ undo }) => undo)).flatMap(({ inverse }) =>
    (inverse.do === 'delete entry' && inverse.store.layout === place.layout && inverse.store.root === place.root && store.get(inverse.key) === inverse.value ? [inverse.key] : [])));
}
