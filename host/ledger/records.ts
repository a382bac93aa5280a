// Reading a ledger record: what of it can still exist, and which links it says are the attachment's.
// SPDX-License-Identifier: Apache-2.0

import type { LedgerRecord } from './ledger.ts';
import type { Undo } from './undo.ts';

/** After a reboot the kernel's objects are gone and their numbers given to others; entries on disk are still there. */
export const survivors = (record: LedgerRecord, boot: string, undos: readonly Undo[]): readonly Undo[] =>
  record.boot === boot ? undos : undos.filter(({ inverse }) => inverse.do === 'delete entry' || inverse.do === 'put entry' || inverse.do === 'delegate DEL');

export const ownLinksOf = (record: LedgerRecord | undefined, boot: string): Set<number> =>
  record?.boot === boot ? hostLinksMade(record.plugins.flatMap(({ undo }) => undo)) : new Set();

/** Interface indexes of the host links that these inverses would delete. */
export function hostLinksMade(undos: readonly Undo[]): Set<number> {
  return new Set(undos.flatMap(({ inverse, life }) => {
    if (inverse.do !== 'delete link' || life !== 'attachment') return [];
    const ends = [inverse, ...(inverse.peer ? [inverse.peer] : [])];
    return ends.flatMap(({ ns, index }) => (ns === 'host' && index !== undefined ? [index] : []));
  }));
}
