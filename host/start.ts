// The first lines that run: the program, with the code that V8 made of it when it was built. Compiling each function when it is first
// called takes 15 to 20 ms of a call that lasts 60.
// SPDX-License-Identifier: Apache-2.0

import { Script } from 'node:vm';
import { cannotStart } from './cannot-start.ts';
import { codeName, engineHere } from './engine.ts';
import { messageOf } from './message-of.ts';
import { whyOldNode } from './old-node.ts';
import { readCode } from './parts/read-code.ts';
import { calledWith, pathOf, readPart } from '#parts';

/** Defined by the build: a name with a digest in it, since V8 compares no more than the length of the source with what its code was made of. */
declare const PROGRAM: string;

const [, ...words] = calledWith();
const whyOld = whyOldNode();
if (whyOld !== undefined) cannotStart(words, whyOld);
const path = pathOf(PROGRAM);
const engine = engineHere();
const cachedData = engine === undefined ? undefined : readCode(codeName(PROGRAM, engine));
// Code that was made with other flags V8 refuses, and compiles.
const script = new Script(source(), { filename: path, ...(cachedData ? { cachedData } : {}) });
const run = script.runInThisContext() as (load: typeof require, directory: string) => void;
run(require, __dirname);

/** An archive that is being unpacked over another one. */
function source(): string {
  try {
    return readPart(PROGRAM).toString('latin1');
  } catch (error) {
    return cannotStart(words, `a part of the host cannot be read: ${messageOf(error)}; call again, and if it stays so unpack its archive anew`);
  }
}
