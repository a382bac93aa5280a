// Everything on this node that somebody owns: what the ledger says, what calls under way or killed ones have written down, and leases of
// which neither knows, such as the reference's.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Attachment } from '../protocol/request.ts';
import { readAll } from '../store/folder-store.ts';
import { mustBeOpen, mustBeReadable } from './books.ts';
import { allJournals } from './journal.ts';
import type { Ledger, LedgerRecord } from './ledger.ts';
import { objectsOf, type OwnedObject } from './objects.ts';
import { survivors } from './records.ts';

export interface Owned {
  object: OwnedObject;
  attachment: Attachment;
  plugin?: string;
  /** ISO 8601 */
  made?: string;
  netnsPath?: string;
  from: 'ledger' | 'journal' | 'lease';
}

export interface Books { ledger: Ledger; state: string; run: string; leases: string; boot: string }

export function allOwned({ ledger, state, run, leases, boot }: Books): Owned[] {
  mustBeOpen({ state, run });
  mustBeReadable(leases);
  const records = ledger.all();
  const known = [...records.flatMap((record) => ofRecord(record, boot)), ...ofJournals(run)];
  const leased = new Set(known.flatMap(({ object }) => (object.kind === 'lease' ? [join(object.folder, object.ip)] : [])));
  const roots = new Set([leases, ...records.flatMap(dataDirsOf)]);
  return [...known, ...[...roots].flatMap(leasesBelow).filter(({ path }) => !leased.has(path)).map(({ owned }) => owned)];
}

const ofRecord = (record: LedgerRecord, boot: string): Owned[] => record.plugins.flatMap(({ name, at, undo }) =>
  survivors(record, boot, undo).flatMap(({ inverse }) => objectsOf(inverse).map((object): Owned =>
    ({ object, attachment: record.attachment, plugin: name, made: at, netnsPath: record.netnsPath, from: 'ledger' }))));

const ofJournals = (run: string): Owned[] => allJournals(run).flatMap(({ remains: { attachment, netnsPath, entries } }) => (attachment
  ? entries.flatMap(({ plugin, undo }) => objectsOf(undo.inverse).map((object): Owned => ({ object, attachment, netnsPath, plugin, from: 'journal' }))) : []));

const dataDirsOf = ({ plugins }: LedgerRecord): string[] => plugins.flatMap(({ undo }) => undo.flatMap(({ inverse }) =>
  (inverse.do === 'delete entry' && inverse.store.layout === 'ipam' ? [inverse.store.root] : [])));

/** Read without the folder's lock: a look must not wait for a call, and an entry is written at once. */
function leasesBelow(root: string): { path: string; owned: Owned }[] {
  return foldersIn(root).flatMap((network) => [...readAll(join(root, network))].filter(([ip]) => isIP(ip) !== 0).flatMap(([ip, value]) => {
    const [containerId = '', ifname = ''] = value.trim().split(/\r?\n/);
    const [folder, path] = [join(root, network), join(root, network, ip)];
    const made = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
    return made === undefined ? [] : [{ path, owned: { object: { kind: 'lease', ip, folder }, attachment: { network, containerId, ifname }, made, from: 'lease' } }];
  }));
}

function foldersIn(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
