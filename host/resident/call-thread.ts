// The other side of the pool: a worker thread, and what goes to it and comes back.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Thread } from './pool.ts';
import type { Reply } from './wire.ts';

export interface Task {
  calledAs: string;
  env: Readonly<Record<string, string>>;
  stdin: Uint8Array;
  caller: { pid: number; umask: number; program: string };
  /** The connection to its launcher: a descriptor that stays open until the outcome is known. */
  connection: number;
}

/** Stands for a task when there are no more: the thread ends by itself, since nobody else can close what it keeps open. */
export type End = 'end';

export interface Outcome extends Reply {
  /** that the call was for, where it is known */
  network: string | undefined;
  /** Does the launcher have it already? */
  isSent: boolean;
  /** Is the thread as it was before, so that another call may follow? */
  isFit: boolean;
}

/** What a thread says: that it can begin, and how the kernel calls it, an outcome, or that it did nothing because the caller was gone. */
export type Word = { thread: string } | 'not begun' | Outcome;

/** What all threads have. */
export interface Shared {
  /** modules of ours by name: all run the same machine code */
  compiled: ReadonlyMap<string, WebAssembly.Module>;
  /** the file in which the host says of each call how it ended */
  answersIn: string | undefined;
}

/** With Node's 48 sixteen calls at once take 2 % less, and the host then has 225 to 290 MB and not 175 to 195. */
const YOUNG_MB = 12;

/** `file` is the bundle of answer-calls.ts. `onFailure` is told why a thread ended that nobody ended. */
export function callThread(file: string, shared: Shared, onFailure: (error: unknown) => void): Thread<Task, Outcome> {
  // Nothing of this process's environment: each call brings its own.
  const worker = new Worker(file, { env: {}, argv: [], execArgv: [], workerData: shared, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
  let settle: ((outcome: Outcome | undefined) => void) | undefined;
  const tell = (outcome: Outcome | undefined): void => {
    settle?.(outcome);
    settle = undefined;
  };
  worker.on('error', onFailure);
  let name = '';
  return {
    ready: new Promise((ready) => {
      worker.on('message', (word: Word) => {
        if (word === 'not begun') return tell(undefined);
        if (!('thread' in word)) return tell(word);
        name = word.thread;
        ready();
      });
    }),
    // Only now does it hold no lock and write nothing any more.
    ended: new Promise((ended) => {
      worker.on('exit', () => {
        tell(undefined);
        ended();
      });
    }),
    run: (task) => new Promise((settled) => {
      settle = settled;
      worker.postMessage(task);
    }),
    waits: () => isAsleep(name),
    end: () => worker.postMessage('end' satisfies End),
  };
}

/** proc_pid_stat(5): the state follows the name, which is in parentheses. */
function isAsleep(thread: string): boolean {
  try {
    return /\) [SD] [^)]*$/.test(readFileSync(`/proc/${thread}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
