// The index of a lease folder as it lies on the disk: names of files by the hash of their owner, in as many pages as it takes to read and write
// one at a time. Whoever has the same hash is found as well.
// SPDX-License-Identifier: Apache-2.0

import { makePages, openPages } from './paged-file.ts';

/** What becomes of the index with a change of the folder. */
export interface Note { owner: string; file: string; isThere: boolean }

export interface OwnerPages {
  /** how many files it names */
  readonly files: number;
  /** Of those that were looked at, all could be read. */
  readonly areWhole: boolean;
  /** All of the owner's, and perhaps others; undefined when the page is damaged. */
  filesOf(owner: string): readonly string[] | undefined;
  note(note: Note): void;
  /** What was noted, and what it is true of now. False when that is not to be had: a page is damaged, or too small by now. */
  save(trueOf: string): boolean;
  close(): void;
}

/** bytes of a new page that are in use, of 4096 */
const FILLED = 1024;

/** Page 0. */
interface Head { trueOf: string; pages: number; files: number }
type Page = Record<string, readonly string[]>;

/** undefined when it is damaged, or true of something else. Throws when it is not there. */
export function openOwnerPages(path: string, trueOf: string): OwnerPages | undefined {
  const file = openPages(path);
  const head = headFrom(file.read(0));
  if (head?.trueOf !== trueOf) {
    file.close();
    return undefined;
  }
  // Of those that were looked at.
  const pages = new Map<number, Page | undefined>();
  const changed = new Set<number>();
  const pageOf = (number: number): Page | undefined => {
    if (!pages.has(number)) pages.set(number, pageFrom(file.read(number)));
    return pages.get(number);
  };
  const areWhole = (): boolean => [...pages.values()].every((page) => page !== undefined);
  return {
    get files() {
      return head.files;
    },
    get areWhole() {
      return areWhole();
    },
    filesOf(owner) {
      const { number, key } = placeOf(owner, head.pages);
      const page = pageOf(number);
      return page && (page[key] ?? []);
    },
    note({ owner, file: name, isThere }) {
      const { number, key } = placeOf(owner, head.pages);
      const page = pageOf(number);
      if (!page) return;
      const before = page[key] ?? [];
      const after = [...before.filter((one) => one !== name), ...(isThere ? [name] : [])];
      const { [key]: _, ...others } = page;
      pages.set(number, after.length > 0 ? { ...others, [key]: after } : others);
      changed.add(number);
      head.files += after.length - before.length;
    },
    save: (now) => areWhole()
      && [...changed].every((number) => file.write(number, pages.get(number)))
      && file.write(0, { ...head, trueOf: now }),
    close: () => file.close(),
  };
}

/** False when it cannot be written in pages. */
export function makeOwnerPages(path: string, owners: ReadonlyMap<string, string>, trueOf: string): boolean {
  let bytes = 0;
  for (const [file] of owners) bytes += file.length + '"12345678":[""],'.length;
  const head: Head = { trueOf, pages: Math.ceil(bytes / FILLED), files: owners.size };
  const pages = Array.from({ length: head.pages }, (): Record<string, string[]> => ({}));
  for (const [file, owner] of owners) {
    const { number, key } = placeOf(owner, head.pages);
    (pages[number - 1]![key] ??= []).push(file);
  }
  return makePages(path, [head, ...pages]);
}

/** Page and key of an owner. FNV-1a: that two owners share both costs the reading of one file more. */
function placeOf(owner: string, pages: number): { number: number; key: string } {
  let hash = 0x811c9dc5;
  for (let i = 0; i < owner.length; i++) hash = Math.imul(hash ^ owner.charCodeAt(i), 0x01000193);
  hash >>>= 0;
  return { number: 1 + hash % pages, key: hash.toString(16) };
}

function headFrom(value: unknown): Head | undefined {
  const { trueOf, pages, files } = Object(value) as Partial<Record<keyof Head, unknown>>;
  return typeof trueOf === 'string' && isCount(pages) && pages > 0 && isCount(files) ? { trueOf, pages, files } : undefined;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function pageFrom(value: unknown): Page | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.values(value).every((files) => Array.isArray(files) && files.every((file) => typeof file === 'string')) ? value as Page : undefined;
}
