// The first lines that run: the program, with the code that V8 made of it when it was built. Compiling each function when it is first
// called takes 15 to 20 ms of a call that lasts 60.
// SPDX-License-Identifier: Apache-2.0

import { Script } from 'node:vm';
import { refuseOldNode } from './old-node.ts';
import { readCode } from './parts/read-code.ts';
import { calledWith, pathOf, readPart } from '#parts';

/** Defined by the build: names with a digest in them, since V8 compares no more than the length of the source with what its code was made of. */
declare const PROGRAM: string;
declare const CODE: string;

const [, ...words] = calledWith();
refuseOldNode(words);
const path = pathOf(PROGRAM);
const cachedData = readCode(CODE);
// V8 refuses code of another version or with other flags, and compiles.
const script = new Script(readPart(PROGRAM).toString('latin1'), { filename: path, ...(cachedData ? { cachedData } : {}) });
const run = script.runInThisContext() as (load: typeof require, directory: string) => void;
run(require, __dirname);
