// Where a command for people writes: its text on stdout, what went wrong on stderr. Both may be closed or full, which is no bug of ours.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { writeOut } from '../protocol/write-result.ts';
import { errnoOf } from '../system-error.ts';
import { inWords } from './in-words.ts';

const STDERR = 2;

/** Whoever has closed the pipe, as `head` and a pager do, has read enough. Throws code 5. */
export function say(text: string): void {
  try {
    writeOut(text);
  } catch (error) {
    if (errnoOf(error) === 'EPIPE') return;
    throw new CniError(CODE.io, `cannot write the answer: ${inWords(error)}`, { kind: 'io', cause: error });
  }
}

export function complain(text: string): void {
  try {
    writeOut(text, STDERR);
  } catch {
    // Nobody is left to be told; the exit code says that it failed.
  }
}
