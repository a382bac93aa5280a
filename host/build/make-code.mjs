// A program of the build: a script on stdin, the code that V8 makes of it on stdout. The file name is the one word.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const source = readFileSync(0, 'latin1');
// All functions, not only those that are called at once: which ones a call needs only the call knows. V8 notes the flags that are set when it writes.
setFlagsFromString('--no-lazy');
const script = new Script(source, { filename: process.argv[2] });
setFlagsFromString('--lazy');
const code = script.createCachedData();
writeFileSync(1, code);
