// A Node that is older than the host needs: said in the first lines, before anything of a call is begun.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-old-node-'));
const pretends = join(folder, 'old.cjs');
writeFileSync(pretends, "Object.defineProperty(process, 'version', { value: 'v18.20.4' });");
test.after(() => rmSync(folder, { recursive: true }));

const started = (env: Record<string, string>, ...words: string[]) =>
  spawnSync(process.execPath, ['--require', pretends, 'dist/lib/host.cjs', 'bridge', ...words], { env, encoding: 'utf8', input: '' });

for (const [verb, code] of [['ADD', 107], ['STATUS', 50]] as const) {
  test(`${verb}: one CNI error on stdout`, () => {
    const { status, stdout, stderr } = started({ CNI_COMMAND: verb });
    const { code: said, msg } = JSON.parse(stdout) as { code: number; msg: string };
    assert.equal([status, said, stderr], [1, code, '']);
    assert.match(msg, /^cni-wasm: ".*" is Node\.js v18\.20\.4: install 20 or later/);
  });
}

test('people get a sentence', () => {
  const { status, stdout, stderr } = started({}, 'gc');
  assert.equal([status, stdout], [1, '']);
  assert.match(stderr, /^cni-wasm: ".*" is Node\.js v18\.20\.4: install 20 or later.*\n$/);
});

test.run();
