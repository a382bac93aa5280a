// The line before a lock: whoever comes later waits for the one before it. Each has a named pipe open for writing; the kernel wakes the next
// one when that is closed, also by a `kill -9`.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, existsSync, openSync, readdirSync, readSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { now } from '../clock.ts';
import { checkDeadline } from '../deadline.ts';
import { makeFolder } from '../make-folder.ts';
import { errnoOf } from '../system-error.ts';

export interface Pipes {
  /** mkfifo(3) */
  makePipe(path: string): void;
  /** Waits, at most so many ms, until nobody has this pipe open for writing any more. */
  awaitHangUp(fd: number, ms: number): void;
}

export interface Place {
  /** Waits until everybody who came before has left; false when `deadline` (of clock.ts) passes first. Throws DeadlinePassed when a guest's does. */
  reachHead(deadline: number): boolean;
  leave(): void;
}

/** ms; between two waits a guest whose time is over ends */
const LONGEST_WAIT = 250;
/** of one that finds its folder removed each time; in truth something else is in its place, a link to nowhere say */
const MOST_TRIES = 1000;

/** Goes to the end of the line, and makes it if there is none. */
export function standInLine(folder: string, pipes: Pipes): Place {
  const { name, fd } = takePlace(folder, pipes);
  return {
    reachHead(deadline) {
      for (;;) {
        checkDeadline();
        const before = placesIn(folder).filter((place) => place < name).at(-1);
        if (before === undefined) return true;
        const left = deadline - now();
        if (left <= 0) return false;
        awaitLeaving(join(folder, before), Math.min(left, LONGEST_WAIT), pipes);
      }
    },
    leave() {
      rmSync(join(folder, name), { force: true });
      closeSync(fd);
      removeIfEmpty(folder);
    },
  };
}

/** Does anybody wait, or has anybody been killed while waiting? */
export const hasLine = (folder: string): boolean => existsSync(folder);

/** Removes the places of killed waiters. */
export function tidyLine(folder: string): void {
  for (const name of placesIn(folder)) inspect(join(folder, name), () => undefined);
  removeIfEmpty(folder);
}

/** Names sort by the time of arrival, which all processes of a machine count alike; the rest only tells two of one moment apart. */
function takePlace(folder: string, { makePipe }: Pipes): { name: string; fd: number } {
  const name = `${String(process.hrtime.bigint()).padStart(20, '0')}-${process.pid}-${Math.random().toString(36).slice(2)}`;
  for (let tries = 1; ; tries++) {
    makeFolder(folder, 0o700);
    try {
      makePipe(join(folder, name));
      return { name, fd: openSync(join(folder, name), constants.O_RDWR) };
    } catch (error) {
      // The last one in line has just removed the folder, or somebody took the pipe for a killed one's before it was open.
      if (errnoOf(error) !== 'ENOENT' || tries === MOST_TRIES) throw error;
    }
  }
}

const awaitLeaving = (path: string, ms: number, { awaitHangUp }: Pipes): void => inspect(path, (fd) => awaitHangUp(fd, ms));

/** A place that nobody holds open is removed. */
function inspect(path: string, whenHeld: (fd: number) => void): void {
  const fd = unlessLeft(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), undefined);
  if (fd === undefined) return;
  try {
    if (isHeld(fd)) whenHeld(fd);
    else rmSync(path, { force: true });
  } finally {
    closeSync(fd);
  }
}

/** An empty pipe is at its end for a reader when it has no writer. */
function isHeld(fd: number): boolean {
  try {
    readSync(fd, new Uint8Array(1));
    return false;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return true;
    throw error;
  }
}

const placesIn = (folder: string): string[] => unlessLeft(() => readdirSync(folder), []).sort();

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'ENOENT') throw error;
  }
}

function unlessLeft<T>(act: () => T, otherwise: T): T {
  try {
    return act();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return otherwise;
    throw error;
  }
}
