// Modules that go after the host itself: the sandbox, its messages, and how a module comes to be run at all.
// SPDX-License-Identifier: Apache-2.0

import { messages } from './cases/messages.ts';
import { modules } from './cases/modules.ts';
import { sandbox } from './cases/sandbox.ts';
import { wasi } from './cases/wasi.ts';
import { play } from './corpus.ts';

play(() => [...sandbox(), ...messages(), ...modules(), ...wasi()]);
