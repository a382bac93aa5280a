// Reading what may not be there. Only absence is an answer: what cannot be read now would be forgotten if it were taken for nothing.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, readdirSync } from 'node:fs';
import { isAbsence } from '../system-error.ts';

/** undefined without the file; throws every other error. */
export const textIfThere = (path: string): string | undefined => unlessAbsent(() => readFileSync(path, 'utf8'), undefined);

/** No names without the folder; throws every other error. */
export const namesIfThere = (folder: string): string[] => unlessAbsent(() => readdirSync(folder), []);

function unlessAbsent<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (isAbsence(error)) return otherwise;
    throw error;
  }
}
