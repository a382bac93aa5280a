// The write-ahead journal of one call: an inverse is on disk before its change is in the kernel, so that whoever comes after a
// killed host can take back what was made.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { inFolder } from '../in-folder.ts';
import { APPEND } from '../open-file.ts';
import type { Attachment } from '../protocol/request.ts';
import { naming } from '../system-error.ts';
import { fileNameOf, folderOf } from './attachment-id.ts';
import { namesIfThere, textIfThere } from './if-there.ts';
import type { Undo } from './undo.ts';
import { isLine } from './well-formed.ts';

/** One line: whose the journal is and when it begins (ISO 8601); an intent; what became known once the kernel had done it; or that it refused. */
export type Line =
  | { attachment: Attachment; netnsPath: string; since: string }
  | { i: number; plugin: string; undo: Undo }
  | { i: number; index: number; peerIndex?: number }
  | { i: number; refused: true };

export interface Entry { plugin: string; undo: Undo }

export interface Journal {
  /** Writes the intent; returns its number. A journal that only rolls forward (DEL, GC) writes nothing. */
  intend(plugin: string, undo: Undo): number;
  /** The identity of the link that intent number `i` made. */
  made(i: number, index: number, peerIndex?: number): void;
  /** The kernel refused intent number `i` as a whole: what it would take away was there before, or never is. */
  refused(i: number): void;
  /** Takes no notes, so that no inverse need be worked out for it. */
  readonly isForward: boolean;
  readonly entries: readonly Entry[];
  /** Nothing of it was made before this (ISO 8601). */
  readonly since: string;
  /** The call is over, one way or the other: nobody need take anything of it back. */
  end(): void;
  /** Gives the file back, ended or not: one that has not ended is left for the next call. */
  close(): void;
}

/** Bytes, of what a call's modules change. It lies in memory until the call ends, and in the ledger as long as the attachment. */
const MOST = 1 << 24;

/**
 * No fsync: the folder is on a tmpfs, and the kernel objects a journal speaks of do not outlive the machine either
 * (RATIONALE, "Why is the journal not synced?").
 */
export function openJournal(run: string, attachment: Attachment, netnsPath: string): Journal {
  const path = pathOf(run, attachment);
  const intents: (Entry | undefined)[] = [];
  const since = new Date().toISOString();
  let file: { fd: number; size: number } | undefined;
  const append = (line: Line): void => {
    const open = (file ??= openForLines(path));
    open.size += naming(path, () => addLine(open, { attachment, netnsPath, since }, line));
  };
  return {
    isForward: false,
    since,
    get entries() {
      return intents.filter((entry) => entry !== undefined);
    },
    intend(plugin, undo) {
      const i = intents.length;
      if (file && file.size > MOST) throw tooMuch(undo.op, file.size);
      append({ i, plugin, undo });
      intents.push({ plugin, undo });
      return i;
    },
    made(i, index, peerIndex) {
      // First in memory: this call's own way back needs no line.
      identify(intents[i], index, peerIndex);
      append({ i, index, ...(peerIndex === undefined ? {} : { peerIndex }) });
    },
    refused(i) {
      intents[i] = undefined;
      append({ i, refused: true });
    },
    end() {
      if (file) unlinkSync(path);
    },
    close() {
      if (file) closeSync(file.fd);
      file = undefined;
    },
  };
}

const tooMuch = (op: string, size: number): CniError =>
  new CniError(CODE.limit, `${op}: what this call has changed takes ${size} bytes to be taken back, at most ${MOST} may be`, { kind: 'limit', op, at: 'journal', hint: 'make fewer changes in one call' });

/** Under the attachment's lock nobody else writes to it, so that its size is known from here on. What is written to a device nobody reads again. */
function openForLines(path: string): { fd: number; size: number } {
  const fd = inFolder(path, () => openSync(path, APPEND, 0o600));
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, size: stat.size };
  closeSync(fd);
  throw Object.assign(new Error('no plain file'), { code: 'ENOTSUP', syscall: 'open', path });
}

/** The whole line, the first one behind `head`, or an error and none of it: whatever is written next would be the rest of a torn one. Returns the bytes. */
function addLine({ fd, size }: { fd: number; size: number }, head: Line, line: Line): number {
  const bytes = Buffer.from([...(size === 0 ? [head] : []), line].map((one) => `${JSON.stringify(one)}\n`).join(''));
  try {
    // A file system that is filling up takes a part, and says why only when it is asked for the rest.
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    return bytes.length;
  } catch (error) {
    ftruncateSync(fd, size);
    throw error;
  }
}

/** Takes notes of nothing: the verbs that only remove roll forward, and their plan is the ledger. */
export const forwardJournal: Journal = { isForward: true, intend: () => 0, made: () => undefined, refused: () => undefined, entries: [], since: '', end: () => undefined, close: () => undefined };

export interface Remains { attachment: Attachment | undefined; netnsPath: string; since: string; entries: Entry[]; forget(): void }

/** What a killed predecessor left under this file name (see fileNameOf), if any. */
export const remainsAt = (run: string, network: string, fileName: string): Remains | undefined => readRemains(join(run, 'journal', folderOf(network), fileName));

/** The file names of a network's journals: of calls under way, and of killed ones. */
export const journalsOf = (run: string, network: string): string[] => namesIfThere(join(run, 'journal', folderOf(network)));

/** The networks under whose names there are journals of the same container and interface: a network can be renamed after a call was killed. */
export const journalsElsewhere = (run: string, attachment: Attachment): string[] => namesIfThere(join(run, 'journal')).filter((folder) => folder !== folderOf(attachment.network))
  .flatMap((folder) => readRemains(join(run, 'journal', folder, fileNameOf(attachment)))?.attachment?.network ?? []);

/** Every journal of this node, by its network's folder and its own name. */
export const allJournals = (run: string): { folder: string; fileName: string; remains: Remains }[] => namesIfThere(join(run, 'journal')).flatMap((folder) =>
  namesIfThere(join(run, 'journal', folder)).flatMap((fileName) => {
    const remains = readRemains(join(run, 'journal', folder, fileName));
    return remains ? [{ folder, fileName, remains }] : [];
  }));

const pathOf = (run: string, attachment: Attachment): string => join(run, 'journal', folderOf(attachment.network), fileNameOf(attachment));

function readRemains(path: string): Remains | undefined {
  const text = textIfThere(path);
  if (text === undefined) return undefined;
  const entries: Entry[] = [];
  let attachment: Attachment | undefined;
  let netnsPath = '';
  // One of an older host does not say: then everybody may have come later.
  let since = '';
  for (const line of text.split('\n').flatMap(parsedLine)) {
    if ('attachment' in line) ({ attachment, netnsPath, since = '' } = line);
    else if ('undo' in line) entries[line.i] = { plugin: line.plugin, undo: line.undo };
    else if ('index' in line) identify(entries[line.i], line.index, line.peerIndex);
    else if ('refused' in line) delete entries[line.i];
  }
  return { attachment, netnsPath, since, entries: entries.filter(Boolean), forget: () => unlinkSync(path) };
}

/** A call that is killed may leave its last line torn: that change was never made, since the intent is written first. */
function parsedLine(text: string): Line[] {
  try {
    const line: unknown = text ? JSON.parse(text) : undefined;
    return isLine(line) ? [line] : [];
  } catch {
    return [];
  }
}

function identify(entry: Entry | undefined, index: number, peerIndex: number | undefined): void {
  if (entry?.undo.inverse.do !== 'delete link') return;
  entry.undo.inverse.index = index;
  if (entry.undo.inverse.peer && peerIndex !== undefined) entry.undo.inverse.peer.index = peerIndex;
}
