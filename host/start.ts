// The first lines that run: the program, with the code that V8 made of it when it was built. Compiling each function when it is first
// called takes 15 to 20 ms of a call that lasts 60.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** Defined by the build: names with a digest in them, since V8 compares no more than the length of the source with what its code was made of. */
declare const PROGRAM: string;
declare const CODE: string;

const path = `${__dirname}/${PROGRAM}`;
const cachedData = readCode(`${__dirname}/${CODE}`);
// V8 refuses code of another version or with other flags, and compiles.
const script = new Script(readFileSync(path, 'latin1'), { filename: path, ...(cachedData ? { cachedData } : {}) });
const run = script.runInThisContext() as (require: NodeJS.Require, directory: string) => void;
run(createRequire(path), __dirname);

function readCode(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
