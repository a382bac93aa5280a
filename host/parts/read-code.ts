// What V8 made of a program or a module when the host was built. Nothing depends on it: without it V8 makes it anew, in each process.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { readPart } from '#parts';

/** bytes, of SHA-256 */
const DIGEST = 32;

const digestOf = (code: Uint8Array): Buffer => createHash('sha256').update(code).digest();

/** What the build writes: V8 reads code without looking, and would end the process where it is torn, so that it begins with the digest of the rest. */
export const codeFile = (code: Uint8Array): Buffer => Buffer.concat([digestOf(code), code]);

/** Undefined where none came with the host, and for a torn one. */
export function readCode(part: string): Buffer | undefined {
  try {
    const file = readPart(part);
    const code = file.subarray(DIGEST);
    return digestOf(code).equals(file.subarray(0, DIGEST)) ? code : undefined;
  } catch {
    return undefined;
  }
}
