// What is said when the host cannot even begin: Node is too old, or a part of the host is not what it was. Nothing of a call is begun.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-cannot-start-'));
const pretends = join(folder, 'old.cjs');
writeFileSync(pretends, "Object.defineProperty(process, 'version', { value: 'v18.20.4' });");
test.after(() => rmSync(folder, { recursive: true }));

const started = (env: Record<string, string>, ...words: string[]) =>
  spawnSync(process.execPath, ['--require', pretends, 'dist/lib/host.cjs', 'bridge', ...words], { env, encoding: 'utf8', input: '' });

/** A host whose files were changed so. */
function changed(name: string, change: (lib: string) => void): string {
  for (const part of ['lib', 'plugins']) cpSync(join('dist', part), join(folder, name, part), { recursive: true });
  change(join(folder, name, 'lib'));
  return join(folder, name, 'lib/host.cjs');
}

for (const [verb, code] of [['ADD', 107], ['STATUS', 50]] as const) {
  test(`an old Node, ${verb}: one CNI error on stdout`, () => {
    const { status, stdout, stderr } = started({ CNI_COMMAND: verb });
    const { code: said, msg } = JSON.parse(stdout) as { code: number; msg: string };
    assert.equal([status, said, stderr], [1, code, '']);
    assert.match(msg, /^cni-wasm: ".*" is Node\.js v18\.20\.4: install 20 or later/);
  });
}

test('an old Node: people get a sentence', () => {
  const { status, stdout, stderr } = started({}, 'gc');
  assert.equal([status, stdout], [1, '']);
  assert.match(stderr, /^cni-wasm: ".*" is Node\.js v18\.20\.4: install 20 or later.*\n$/);
});

test('a part that is gone', () => {
  const host = changed('gone', (lib) => readdirSync(lib).filter((file) => /^call-.*\.cjs$/.test(file)).forEach((file) => rmSync(join(lib, file))));
  const { status, stdout, stderr } = spawnSync(process.execPath, [host, 'bridge'], { env: { CNI_COMMAND: 'ADD' }, encoding: 'utf8', input: '' });
  const { code, msg } = JSON.parse(stdout) as { code: number; msg: string };
  assert.equal([status, code, stderr], [1, 107, '']);
  assert.match(msg, /^cni-wasm: a part of the host cannot be read: ENOENT.*call-[0-9a-f]+\.cjs.*unpack its archive anew$/);
});

test('a native part for another machine is no bug', () => {
  const host = changed('foreign', (lib) => writeFileSync(join(lib, 'koffi.node'), 'for another processor'));
  const conf = { cniVersion: '1.0.0', name: 'blue', ipam: { type: 'static' } };
  const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: '/nowhere', CNI_WASM_RUN: join(folder, 'run'), CNI_WASM_STATE: join(folder, 'state') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [host, 'static'], { env, encoding: 'utf8', input: JSON.stringify(conf) });
  const { code, msg, details } = JSON.parse(stdout) as { code: number; msg: string; details: string };
  assert.equal([status, code, stderr], [1, 107, '']);
  assert.match(msg, /^the native part of the host cannot be loaded: .*koffi\.node/);
  assert.match(details, /for glibc and for one processor/);
});

test.run();
