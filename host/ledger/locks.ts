// Locks between host processes: flock(2), which the kernel gives back when a process dies, however it dies.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';

export type LockMode = 'shared' | 'exclusive';

export interface Lock {
  /** From shared to exclusive if nobody else holds it; a failed try leaves it shared. */
  tryExclusive(): boolean;
  release(): void;
}

export interface Locks {
  /** Waits at most `timeout` ms, then throws code 11. */
  hold(name: string, mode: LockMode, timeout: number): Lock;
  /** undefined when somebody holds it. */
  tryHold(name: string): Lock | undefined;
  /** Removes the files of locks whose holders were killed before they could. */
  sweep(prefix: string): void;
  /** The lock of a file that stays (the reference's lease lock). Returns the release. */
  holdFile(path: string, mode: LockMode, timeout: number): () => void;
}

/** flock(2) without waiting; false for EWOULDBLOCK. */
export type TryFlock = (fd: number, mode: LockMode) => boolean;

/** ms between two tries: the calls that hold these locks last 10 to 100 ms */
const POLL = 2;

export function fileLocks(folder: string, tryFlock: TryFlock): Locks {
  const open = (path: string): number => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'a', 0o600);
  };
  const acquire = (path: string, mode: LockMode, timeout: number): number | undefined => {
    const deadline = performance.now() + timeout;
    for (;;) {
      const fd = open(path);
      if (tryFlock(fd, mode)) {
        // A holder unlinks the file when it is done; a lock on an unlinked file keeps nobody out.
        if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return fd;
      } else if (performance.now() >= deadline) {
        closeSync(fd);
        return undefined;
      } else {
        sleep(POLL);
      }
      closeSync(fd);
    }
  };
  const lockOn = (path: string, fd: number): Lock => ({
    tryExclusive: () => tryFlock(fd, 'exclusive') || (tryFlock(fd, 'shared'), false),
    release() {
      if (tryFlock(fd, 'exclusive')) unlinkSync(path);
      closeSync(fd);
    },
  });
  const tryHold = (name: string): Lock | undefined => {
    const path = join(folder, name);
    const fd = acquire(path, 'exclusive', 0);
    return fd === undefined ? undefined : lockOn(path, fd);
  };
  return {
    hold(name, mode, timeout) {
      const path = join(folder, name);
      const fd = acquire(path, mode, timeout);
      if (fd === undefined) throw stillHeld(path, timeout);
      return lockOn(path, fd);
    },
    tryHold,
    sweep(prefix) {
      if (!existsSync(folder)) return;
      for (const name of readdirSync(folder)) if (name.startsWith(prefix)) tryHold(name)?.release();
    },
    holdFile(path, mode, timeout) {
      const fd = acquire(path, mode, timeout);
      if (fd === undefined) throw stillHeld(path, timeout);
      return () => closeSync(fd);
    },
  };
}

const stillHeld = (path: string, timeout: number): CniError =>
  new CniError(CODE.tryAgainLater, `lock "${path}" is still held by another call after ${timeout} ms; try again`, { kind: 'busy' });

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
