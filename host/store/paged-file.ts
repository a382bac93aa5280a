// A file of pages, each a JSON value with a digest: one is read or written without the others, and one that is damaged is noticed.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** bytes */
const PAGE = 4096;
const DIGEST = 16;

export interface PagedFile {
  /** undefined for a page that is damaged, not there or not to be read. */
  read(number: number): unknown;
  /** False when the value does not fit. */
  write(number: number, value: unknown): boolean;
  close(): void;
}

export function openPages(path: string): PagedFile {
  const fd = openSync(path, 'r+');
  return {
    read(number) {
      const page = Buffer.alloc(PAGE);
      try {
        return readSync(fd, page, 0, PAGE, number * PAGE) === PAGE ? valueOf(page) : undefined;
      } catch {
        return undefined;
      }
    },
    write(number, value) {
      const page = pageOf(value);
      return page !== undefined && writeSync(fd, page, 0, PAGE, number * PAGE) === PAGE;
    },
    close: () => closeSync(fd),
  };
}

/** The whole file anew, its first page last: a file that was not finished has none. False when a value does not fit. */
export function makePages(path: string, [first, ...others]: readonly unknown[]): boolean {
  const head = pageOf(first);
  const pages = others.map(pageOf);
  if (!head || !pages.every((page) => page !== undefined)) return false;
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx', 0o600);
  try {
    const bytes = Buffer.concat(pages);
    return writeSync(fd, bytes, 0, bytes.length, PAGE) === bytes.length && writeSync(fd, head, 0, PAGE, 0) === PAGE;
  } finally {
    closeSync(fd);
  }
}

function pageOf(value: unknown): Buffer | undefined {
  const text = Buffer.from(JSON.stringify(value));
  if (text.length > PAGE - DIGEST) return undefined;
  const page = Buffer.alloc(PAGE, ' ');
  text.copy(page, DIGEST);
  page.write(digestOf(page), 'latin1');
  return page;
}

const valueOf = (page: Buffer): unknown => (page.toString('latin1', 0, DIGEST) === digestOf(page) ? JSON.parse(page.toString('utf8', DIGEST)) : undefined);

const digestOf = (page: Buffer): string => createHash('sha256').update(page.subarray(DIGEST)).digest('base64').slice(0, DIGEST);
