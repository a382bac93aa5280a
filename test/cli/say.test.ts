// Where the answers of the command for people go: to a reader who has gone, and to a disk that is full.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const PROGRAM = join(process.cwd(), 'dist/bin/cni-wasm');
const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-say-'));
test.after(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, CNI_WASM_ETC: join(folder, 'etc'), CNI_WASM_STATE: join(folder, 'state'), CNI_WASM_RUN: join(folder, 'run'), CNI_WASM_LEASES: join(folder, 'leases') };

/** It begins once nobody reads any more. */
function toNobody(stream: 'stdout' | 'stderr', ...words: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn('/bin/sh', ['-c', 'read go; exec "$@"', 'sh', PROGRAM, ...words], { env, stdio: 'pipe' });
  let said = '';
  (stream === 'stdout' ? child.stderr : child.stdout).on('data', (chunk) => { said += chunk; });
  child[stream].on('close', () => child.stdin.end('go\n')).destroy();
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

for (const words of [['--help'], ['--version'], ['gc', '--help'], ['gc', '--dry-run', '--json'], ['inspect', 'bridge'], ['explain', 'conf/10-blue.conflist']]) {
  test(`${words.join(' ')}, of which nobody reads the end`, async () => {
    assert.equal(await toNobody('stdout', ...words), { code: 0, said: '' });
  });
}

test('a complaint that nobody reads is one all the same', async () => {
  assert.equal(await toNobody('stderr', 'inspect', 'acme'), { code: 1, said: '' });
});

for (const words of [['--help'], ['gc', '--dry-run', '--json'], ['inspect', 'bridge']]) {
  test(`${words.join(' ')} on a full disk`, () => {
    const { status, stderr } = spawnSync(PROGRAM, words, { env, stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'], encoding: 'utf8' });
    assert.is(status, 1);
    assert.match(stderr, /cannot write the answer: no space left on device/);
    assert.not.match(stderr, /^ +at /m);
  });
}

test.run();
