// A program of the build: a module on stdin, the machine code that V8 makes of it on stdout.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

/** Every function at once, and by the compiler that optimises: V8 writes down no other's code. */
const FLAGS = ['wasm-lazy-compilation', 'liftoff', 'wasm-dynamic-tiering'];

setFlagsFromString('--allow-natives-syntax');
const write = new Function('return (function (module) { return %SerializeWasmModule(module); });')();
setFlagsFromString('--no-allow-natives-syntax');
for (const flag of FLAGS) setFlagsFromString(`--no-${flag}`);
const module = new WebAssembly.Module(readFileSync(0));
// V8 notes the flags that are set when it writes, and the host has none.
for (const flag of FLAGS) setFlagsFromString(`--${flag}`);
writeFileSync(1, Buffer.from(write(module)));
