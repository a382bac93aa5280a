// The ledger: for each attachment, what each plugin made that must go with it. It is the plan of DEL and GC.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, lstatSync, openSync, renameSync, rmSync, rmdirSync, statSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { isObject } from '../protocol/go-json.ts';
import type { Attachment } from '../protocol/request.ts';
import { errnoOf, isAbsence, isFull, naming } from '../system-error.ts';
import { fileNameOf, folderOf } from './attachment-id.ts';
import { namesIfThere, textIfThere } from './if-there.ts';
import type { Undo } from './undo.ts';
import { isRecord } from './well-formed.ts';

export interface LedgerPlugin {
  name: string;
  digest: string;
  /** ISO 8601 */
  at: string;
  undo: Undo[];
  /** the foreign IPAM program that it called: its own DEL and GC call that one, nothing else can */
  program?: string;
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
  /** The same of a whole network, of calls of which not even a journal is left; and records that say nothing: a loss of power has emptied or torn them. Returns their paths. */
  dropDrafts(network: string): string[];
  /** Paths of what that would take away. */
  drafts(network: string): string[];
  /** Records of the same container and interface under other networks: a network can be renamed while its containers run. */
  elsewhere(attachment: Attachment): LedgerRecord[];
  /** Every record of a network. */
  of(network: string): LedgerRecord[];
  /** Every record of this node. */
  all(): LedgerRecord[];
  /** Of all records, also of those that say nothing: the folder's name stands for the network's then. */
  networks(): string[];
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
        if (errnoOf(error) !== 'ENOENT') throw error;
        put(path, JSON.stringify(record));
      }
    },
    dropDraft: (network, fileName) => dropDraftOf(join(root, folderOf(network), fileName)),
    dropDrafts(network) {
      const drafts = draftsIn(join(root, folderOf(network)));
      for (const path of drafts) rmSync(path, { force: true });
      return drafts;
    },
    drafts: (network) => draftsIn(join(root, folderOf(network))),
    elsewhere: (attachment) => namesIfThere(root).filter((folder) => folder !== folderOf(attachment.network))
      .flatMap((folder) => readRecord(join(root, folder, fileNameOf(attachment))) ?? []),
    of: (network) => recordsIn(join(root, folderOf(network))),
    all: () => namesIfThere(root).flatMap((folder) => recordsIn(join(root, folder))),
    networks: () => namesIfThere(root).map((folder) => recordsIn(join(root, folder))[0]?.attachment.network ?? folder),
  };
}

const recordsIn = (folder: string): LedgerRecord[] => namesIfThere(folder).filter((name) => !isDraft(name)).flatMap((name) => readRecord(join(folder, name)) ?? []);

const draftsIn = (folder: string): string[] => namesIfThere(folder).map((name) => join(folder, name)).filter((path) => isDraft(path) || saysNothing(path));

/**
 * A record that says nothing is as good as none: DEL then works from names, as for attachments the reference made. One that cannot be read now
 * (EIO, too many open files) is an error, or what it lists would be forgotten.
 */
function readRecord(path: string): LedgerRecord | undefined {
  const text = textIfThere(path);
  const record = text === undefined ? undefined : parsed(text);
  return isRecord(record) ? record : undefined;
}

/** Not by this host, and not by one to come, which counts on from its version. What is no file was never a record. */
function saysNothing(path: string): boolean {
  const text = textIfThere(path);
  if (text === undefined) return false;
  const record = parsed(text);
  return !isRecord(record) && !(isObject(record) && Number(record['version']) > 1);
}

/** Undefined for what is no document at all. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function put(path: string, text: string): void {
  makeFolder(dirname(path), 0o700);
  try {
    // A link in its place would become the record, and a pipe keep the call waiting: a new file is neither.
    dropDraftOf(path);
    naming(draftOf(path), () => writeFileSync(draftOf(path), text, { mode: 0o600, flag: 'wx' }));
    renameSync(draftOf(path), path);
  } catch (error) {
    dropDraftOf(path);
    if (!isFull(error) || !shortenInPlace(path, Buffer.from(text))) throw error;
  }
}

/**
 * On a full disk a shorter record has room where the longer one is: a DEL must not wait for space that perhaps only it gives back. In one write, with
 * blanks up to the end, so that a kill leaves the one or the other (of a record of several pages it may leave a torn one, if it comes between two of them).
 */
function shortenInPlace(path: string, bytes: Buffer): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < bytes.length) return false;
  const fd = openSync(path, 'r+');
  try {
    return naming(path, () => writeSync(fd, Buffer.concat([bytes, Buffer.alloc(size - bytes.length, ' ')]), 0, size, 0)) === size;
  } finally {
    closeSync(fd);
  }
}

const draftOf = (path: string): string => `${path}.new`;
/** There is hardly ever one, and Node's rmSync takes five times as long to find that out. */
function dropDraftOf(path: string): void {
  if (lstatSync(draftOf(path), { throwIfNoEntry: false })) rmSync(draftOf(path), { force: true });
}
const isDraft = (name: string): boolean => name.endsWith('.new');

function remove(path: string): void {
  dropDraftOf(path);
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  try {
    rmdirSync(dirname(path));
  } catch {
    // other attachments are left in the folder, or it is gone already
  }
}
