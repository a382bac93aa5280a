// What V8 made of a program or a module when the host was built. Nothing depends on it: without it V8 makes it anew, in each process.
// SPDX-License-Identifier: Apache-2.0

import { readPart } from '#parts';

/** Undefined where none came with the host. */
export function readCode(part: string): Buffer | undefined {
  try {
    return readPart(part);
  } catch {
    return undefined;
  }
}
