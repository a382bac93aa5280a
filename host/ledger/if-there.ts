// Reading what may not be there. Only absence is an answer: what cannot be read now would be forgotten if it were taken for nothing.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { isAbsence } from '../system-error.ts';

/** undefined without the file; throws every other error. Of a pipe or a device the end would never come. */
export const textIfThere = (path: string): string | undefined => unlessAbsent(() => (isFile(path) ? readFileSync(path, 'utf8') : undefined), undefined);

/** Mostly it is not there, which is told without an error: to make one takes longer than to look. */
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** No names without the folder; throws every other error. */
export const namesIfThere = (folder: string): string[] => unlessAbsent(() => readdirSync(folder), []);

/** The same with what they are. */
export const entriesIfThere = (folder: string): Dirent[] => unlessAbsent(() => readdirSync(folder, { withFileTypes: true }), []);

function unlessAbsent<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (isAbsence(error)) return otherwise;
    throw error;
  }
}
