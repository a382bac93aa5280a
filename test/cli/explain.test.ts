// `cni-wasm explain` of what ships with the host: each module gets all that it wants, and nothing is said to be missing, whatever the policy says.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explain } from '../../host/cli/explain.ts';
import { rootsFrom } from '../../host/roots.ts';
import { moduleDigests } from '../../plugins-as/build.mjs';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-explain-'));
test.after(() => rmSync(folder, { recursive: true }));

for (const type of Object.keys(moduleDigests())) {
  test(type, () => {
    const file = join(folder, `${type}.conflist`);
    writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type }] }));
    const text = explain([file], rootsFrom({}));
    assert.match(text, `plugin "${type}"`);
    assert.not.match(text, /not whole|refused/);
  });
}

test('a wrong policy, which is not read to run a module of ours', () => {
  const file = join(folder, 'wrong-policy.conflist');
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type: 'loopback' }] }));
  writeFileSync(join(folder, 'policy.json'), '{"version":2}');
  assert.match(explain([file], rootsFrom({ CNI_WASM_ETC: folder })), 'it ships with this host');
});

test.run();
