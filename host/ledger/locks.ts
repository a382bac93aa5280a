// Locks between host processes: flock(2), which the kernel gives back when a process dies, however it dies.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { now } from '../clock.ts';
import { CniError, CODE } from '../cni-error.ts';
import { inFolder } from '../in-folder.ts';
import { APPEND } from '../open-file.ts';
import { sleep } from '../sleep.ts';
import { errnoOf } from '../system-error.ts';
import { hasLine, standInLine, tidyLine, type Pipes } from './waiting-line.ts';

export type LockMode = 'shared' | 'exclusive';

export interface Lock {
  /** From shared to exclusive if nobody else holds it; a failed try leaves it shared. Throws code 11 when it is lost: somebody who came in between does not end. */
  tryExclusive(): boolean;
  release(): void;
}

export interface Locks {
  /** Waits at most `timeout` ms, then throws code 11; DeadlinePassed when the time of the guest it is for is over first. */
  hold(name: string, mode: LockMode, timeout: number): Lock;
  /** undefined when somebody holds it. */
  tryHold(name: string): Lock | undefined;
  /** Removes the files of locks whose holders and waiters were killed before they could. */
  sweep(prefix: string): void;
  /** The lock of a file that stays (the reference's lease lock). Returns the release. */
  holdFile(path: string, mode: LockMode, timeout: number): () => void;
}

export interface FileLocks extends Locks {
  /** Descriptors of those that are held. A program that gets them keeps the locks until it ends, whatever becomes of this process. */
  descriptors(): number[];
}

export interface LockCalls extends Pipes {
  /** flock(2) without waiting; false for EWOULDBLOCK. */
  tryFlock(fd: number, mode: LockMode): boolean;
}

/** What is behind a lock's name when somebody waits for it. A network may be called `blue.line`, but nothing with a `~`. */
const LINE = '~line';
/** ms; a GC that came in between ends sooner */
const REGAIN_TIMEOUT = 60_000;
/** ms between two tries of whoever is first in line. The calls that hold these locks last 10 to 100 ms. */
const POLL = 1;
/** For a pipe in the file's place not to be waited for. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

export function fileLocks(folder: string, calls: LockCalls, regainTimeout = REGAIN_TIMEOUT): FileLocks {
  const { tryFlock } = calls;
  const descriptors = new Set<number>();
  const take = (path: string, mode: LockMode): number | undefined => {
    for (;;) {
      const { fd } = openLock(path, 0o600, 0o700);
      let taken = false;
      let kept = false;
      try {
        taken = tryFlock(fd, mode);
        kept = taken && isAt(path, fd);
      } finally {
        if (!kept) closeSync(fd);
      }
      if (kept) return fd;
      if (!taken) return undefined;
    }
  };
  /** Nobody passes those who are waiting already. */
  const acquire = (path: string, mode: LockMode, timeout: number, line: string): number => {
    const fd = hasLine(line) ? undefined : take(path, mode);
    if (fd !== undefined) return fd;
    const deadline = now() + timeout;
    const place = standInLine(line, calls);
    try {
      if (place.reachHead(deadline)) {
        do {
          const fd = take(path, mode);
          if (fd !== undefined) return fd;
          sleep(POLL);
        } while (now() < deadline);
      }
      throw new CniError(CODE.tryAgainLater, `lock "${path}" is still held by another call after ${timeout} ms; try again`, { kind: 'busy' });
    } finally {
      place.leave();
    }
  };
  const pathOf = (name: string): string => join(folder, name);
  const lineOf = (name: string): string => join(folder, `${name}${LINE}`);
  const lockOn = (name: string, held: number, mode: LockMode): Lock => {
    // undefined once it is lost: its number may be another file's by then.
    let fd: number | undefined = held;
    let isAlone = mode === 'exclusive';
    descriptors.add(held);
    const letGo = (): void => {
      const mine = fd;
      fd = undefined;
      if (mine === undefined) return;
      descriptors.delete(mine);
      closeSync(mine);
    };
    return {
      // flock(2) gives the shared lock up before it tries for the other, so that somebody else may have come in between.
      tryExclusive() {
        if (fd !== undefined && tryFlock(fd, 'exclusive')) return (isAlone = true);
        if (fd !== undefined && tryFlock(fd, 'shared') && isAt(pathOf(name), fd)) return false;
        letGo();
        fd = acquire(pathOf(name), 'shared', regainTimeout, lineOf(name));
        descriptors.add(fd);
        return false;
      },
      release() {
        try {
          if (fd !== undefined && (isAlone || tryFlock(fd, 'exclusive'))) unlinkSync(pathOf(name));
        } catch {
          // A file that stays keeps nobody out, and what was done under the lock is done.
        }
        letGo();
      },
    };
  };
  const tryHold = (name: string): Lock | undefined => {
    const fd = take(pathOf(name), 'exclusive');
    return fd === undefined ? undefined : lockOn(name, fd, 'exclusive');
  };
  return {
    hold(name, mode, timeout) {
      return lockOn(name, acquire(pathOf(name), mode, timeout, lineOf(name)), mode);
    },
    tryHold,
    descriptors: () => [...descriptors],
    sweep(prefix) {
      if (!existsSync(folder)) return;
      for (const name of readdirSync(folder)) {
        if (!name.startsWith(prefix)) continue;
        if (name.endsWith(LINE)) tidyLine(join(folder, name));
        else tryHold(name)?.release();
      }
    },
    // Two paths of one file are one lock; the line is where our own files are.
    holdFile(path, mode, timeout) {
      const { dev, ino } = statSync(path);
      const fd = acquire(path, mode, timeout, lineOf(`file-${dev}-${ino}`));
      return () => closeSync(fd);
    },
  };
}

/** For writing, without which NFS gives no exclusive lock. A file that is there on a mount that is read-only is locked as it is; `unwritable` is what the kernel said to more. */
export function openLock(path: string, mode: number, folderMode: number): { fd: number; unwritable?: unknown } {
  try {
    return { fd: inFolder(path, () => openSync(path, APPEND, mode), folderMode) };
  } catch (error) {
    if (errnoOf(error) !== 'EROFS' || !existsSync(path)) throw error;
    return { fd: openSync(path, READ), unwritable: error };
  }
}

/** A holder unlinks the file when it is done; a lock on an unlinked file keeps nobody out. */
const isAt = (path: string, fd: number): boolean => statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
