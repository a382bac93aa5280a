// The first lines of the single-file executable: a call, or the one program of our own that the host starts.
// SPDX-License-Identifier: Apache-2.0

import { OWN_PROGRAM, runOwnProgram } from './parts/embedded.ts';

const [, , word, name = ''] = process.argv;
if (word === OWN_PROGRAM) runOwnProgram(name);
else void import('./start.ts');
