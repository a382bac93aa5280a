// The ledger: for each attachment, what each plugin made that must go with it. It is the plan of DEL and GC.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Attachment } from '../protocol/request.ts';
import { fileNameOf, folderOf } from './attachment-id.ts';
import type { Undo } from './undo.ts';

export interface LedgerPlugin {
  name: string;
  digest: string;
  /** ISO 8601 */
  at: string;
  undo: Undo[];
}

export interface LedgerRecord {
  version: 1;
  attachment: Attachment;
  netnsPath: string;
  /** /proc/sys/kernel/random/boot_id: after a reboot links and rules are gone by definition, leases are not */
  boot: string;
  plugins: LedgerPlugin[];
}

export interface Ledger {
  read(attachment: Attachment): LedgerRecord | undefined;
  /** An empty record is removed. */
  write(record: LedgerRecord): void;
  /** What a call that was killed while it wrote a record has left beside it. */
  dropDraft(network: string, fileName: string): void;
  /** Every record of a network. */
  of(network: string): LedgerRecord[];
}

export function diskLedger(state: string): Ledger {
  const root = join(state, 'ledger');
  const pathOf = (attachment: Attachment): string => join(root, folderOf(attachment.network), fileNameOf(attachment));
  return {
    read: (attachment) => readRecord(pathOf(attachment)),
    write(record) {
      const path = pathOf(record.attachment);
      if (record.plugins.length === 0) return remove(path);
      try {
        put(path, JSON.stringify(record));
      } catch (error) {
        // The last other attachment of the network was just removed, and the folder with it.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        put(path, JSON.stringify(record));
      }
    },
    dropDraft: (network, fileName) => rmSync(draftOf(join(root, folderOf(network), fileName)), { force: true }),
    of: (network) => names(join(root, folderOf(network))).flatMap((name) => readRecord(join(root, folderOf(network), name)) ?? []),
  };
}

/** An unreadable record is as good as none: DEL then works from names, as for attachments the reference made. */
function readRecord(path: string): LedgerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as LedgerRecord;
    return record.version === 1 && Array.isArray(record.plugins) ? record : undefined;
  } catch {
    return undefined;
  }
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(draftOf(path), text, { mode: 0o600 });
  renameSync(draftOf(path), path);
}

const draftOf = (path: string): string => `${path}.new`;

function remove(path: string): void {
  rmSync(draftOf(path), { force: true });
  try {
    unlinkSync(path);
    rmdirSync(dirname(path));
  } catch {
    // gone already, or other attachments are left in the folder
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.endsWith('.new'));
  } catch {
    return [];
  }
}
