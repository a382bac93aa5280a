// The commands for people, asked by somebody who is not root: what could not be done, and what it needs.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asNobody } from '../support/as-nobody.ts';
import { skip } from '../support/node.ts';

if (process.env['CNI_WASM_TEST_ROOT'] !== 'real') skip('in a user namespace with one user there is no other');

mkdirSync('/run/cni-wasm', { mode: 0o700 });

for (const [words, says] of [
  [['serve'], 'open "/run/cni-wasm": EACCES (code 5)\n  the folders of cni-wasm must be writable by root and have space left; '],
  [['install', 'dist/plugins/bridge.wasm', 'acme'], 'open "/run/cni-wasm/lock/modules.lock": EACCES (code 5)\n  the folders of cni-wasm must be writable by root and have space left; '],
] as const) {
  test(words.join(' '), () => {
    const { status, stdout, stderr } = asNobody(...words);
    assert.is(status, 1);
    assert.is(stdout, '');
    assert.ok(stderr.startsWith(`cni-wasm: ${says}`), stderr);
  });
}

test.run();
