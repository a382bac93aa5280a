// Everything on this node that somebody owns: what the ledger says, what calls under way or killed ones have written down, and leases of
// which neither knows, such as the reference's.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import type { Attachment } from '../protocol/request.ts';
import { mustBeOpen } from './books.ts';
import { allJournals } from './journal.ts';
import type { Ledger, LedgerRecord } from './ledger.ts';
import { leasesOf, type Lease } from './leases.ts';
import { objectsOf, type OwnedObject } from './objects.ts';
import { survivors } from './records.ts';

export interface Owned {
  object: OwnedObject;
  attachment: Attachment;
  plugin?: string;
  /** ISO 8601 */
  made?: string;
  netnsPath?: string;
  /** unclaimed: a lease that names no container */
  from: 'ledger' | 'journal' | 'lease' | 'unclaimed';
}

interface Searched { ledger: Ledger; state: string; run: string; leases: string; boot: string }

export function allOwned({ ledger, state, run, leases, boot }: Searched): Owned[] {
  mustBeOpen({ state, run, leases });
  const records = ledger.all();
  const known = [...records.flatMap((record) => ofRecord(record, boot)), ...ofJournals(run)];
  const leased = new Set(known.flatMap(({ object }) => (object.kind === 'lease' ? [join(object.folder, object.ip)] : [])));
  return [...known, ...leasesOf(leases, records).filter(({ folder, ip, owner }) => !owner || !leased.has(join(folder, ip))).map(ofLease)];
}

const ofRecord = (record: LedgerRecord, boot: string): Owned[] => record.plugins.flatMap(({ name, at, undo }) =>
  survivors(record, boot, undo).flatMap(({ inverse }) => objectsOf(inverse).map((object): Owned =>
    ({ object, attachment: record.attachment, plugin: name, made: at, netnsPath: record.netnsPath, from: 'ledger' }))));

const ofJournals = (run: string): Owned[] => allJournals(run).flatMap(({ remains: { attachment, netnsPath, entries } }) => (attachment
  ? entries.flatMap(({ plugin, undo }) => objectsOf(undo.inverse).map((object): Owned => ({ object, attachment, netnsPath, plugin, from: 'journal' }))) : []));

const ofLease = ({ ip, folder, network, owner, made }: Lease): Owned => ({
  object: { kind: 'lease', ip, folder }, attachment: { network, ...(owner ?? { containerId: '', ifname: '' }) }, made, from: owner ? 'lease' : 'unclaimed',
});
