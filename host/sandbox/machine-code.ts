// The machine code that V8 made of a module when the host was built: with it, no call compiles that module. V8 can write it down and take it
// again, but Node passes that on to nobody, so V8 is asked in the language of its own tests (RATIONALE, "Why do our modules come with machine code?").
// SPDX-License-Identifier: Apache-2.0

/** Hexadecimal digits of a digest that tell a file from all others of its folder. */
const DIGITS = 16;

/** The file with the code of `module`, whose digest is "sha256:hex", for one build of V8. */
export const machineCodeName = (module: string, digest: string, engine: string): string => `${module}-${digest.slice('sha256:'.length).slice(0, DIGITS)}-${engine}.code`;

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
