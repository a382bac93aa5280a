// A file that somebody named on the command line, to be read or to be written.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { inWords } from './in-words.ts';

/** Throws code 5. */
export const readNamed = (path: string): Buffer => named(path, 'read', () => readFileSync(path));

/** Throws code 5. */
export const writeNamed = (path: string, content: string, options: { mode?: number; flag?: string } = {}): void => named(path, 'written', () => writeFileSync(path, content, options));

function named<T>(path: string, done: 'read' | 'written', act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CniError(CODE.io, `"${path}" cannot be ${done}: ${inWords(error)}`, { kind: 'io', cause: error });
  }
}
