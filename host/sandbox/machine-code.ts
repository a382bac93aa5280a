// The machine code that V8 made of a module when the host was built: with it, no call compiles that module. V8 can write it down and take it
// again, but Node passes that on to nobody, so V8 is asked in the language of its own tests (RATIONALE, "Why do our modules come with machine code?").
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';

/** Hexadecimal digits of a digest that tell a file from all others of its folder. */
const DIGITS = 16;
/** bytes, of SHA-256 */
const DIGEST = 32;

/** The file with the code of `module`, whose digest is "sha256:hex", for one kind of V8. */
export const machineCodeName = (module: string, digest: string, engine: string): string => `${module}-${digest.slice('sha256:'.length).slice(0, DIGITS)}-${engine}.code`;

/**
 * The V8 that runs here. It compares version, flags and what the processor can do before it takes code; how it is to be asked, and how it was built, it
 * takes for granted.
 */
export function engineHere(): string {
  const built = Object.entries(process.config.variables).filter(([name]) => name.includes('v8'));
  return createHash('sha256').update(JSON.stringify([process.version, process.versions.v8, process.arch, built])).digest('hex').slice(0, DIGITS);
}

/** Of a file, which begins with the digest of the rest. Undefined for a torn one: V8 reads code without looking, and would end the process. */
export function wholeCode(file: Uint8Array): Uint8Array | undefined {
  const code = file.subarray(DIGEST);
  return createHash('sha256').update(code).digest().equals(file.subarray(0, DIGEST)) ? code : undefined;
}

/** Undefined when V8 does not take the code. `bytes` must be those that it was made of: V8 does not compare them. */
export type Restore = (code: Uint8Array, bytes: Uint8Array) => WebAssembly.Module | undefined;

/** V8's flags are the whole process's, so this is for a process that has no other threads yet. */
export function restore(): Restore {
  // 1.3 ms, which calls that run no module need not pay.
  const { setFlagsFromString } = require('node:v8') as typeof import('node:v8');
  setFlagsFromString('--allow-natives-syntax');
  try {
    // The parentheses have it compiled here and now; when it is called, the flags are as they were.
    const deserialize = new Function('return (function (code, bytes) { return %DeserializeWasmModule(code, bytes); });')() as (code: ArrayBufferLike, bytes: Uint8Array) => WebAssembly.Module | undefined;
    // Of an ArrayBuffer V8 reads all.
    return (code, bytes) => deserialize(new Uint8Array(code).buffer, bytes);
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}
