// What `cni-wasm install` prints of a module is the module's word: it is shown, not obeyed.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { install } from '../../host/cli/install.ts';
import { blobPath, digestOf } from '../../host/selection/find-module.ts';
import { lockPath } from '../../host/selection/lockfile.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';
import { fakeNode } from '../support/fake-host.ts';

test('control characters in its version and in what it wants', () => {
  const [node, folder] = [fakeNode(), mkdtempSync(join(tmpdir(), 'install-'))];
  const file = join(folder, 'acme.wasm');
  const module = bytesOf('(module (memory (export "memory") 1 2) (func (export "cni_abi_1")))');
  writeFileSync(file, stamp(module, JSON.stringify({ abi: 1, name: 'acme', version: '1.0\u001b[31m\nadd this: {}', role: 'main', wants: { hostLinks: ['a\u202eb\u009b'] } })));
  const said = install([file], { ...node.host, roots: { ...node.host.roots, etc: folder, state: folder } });
  assert.match(said, 'installed "acme" 1.0\\u{1b}[31m\\u{a}add this: {} as sha256:');
  assert.match(said, 'a\\u{202e}b\\u{9b}');
  assert.not.match(said, /[\u001b\u202e\u009b]/);
  rmSync(folder, { recursive: true });
  node.remove();
});

test('a pipe or a link where a draft is written first is neither waited for nor followed', () => {
  const [node, folder] = [fakeNode(), mkdtempSync(join(tmpdir(), 'install-'))];
  const [file, elsewhere] = [join(folder, 'acme.wasm'), join(folder, 'elsewhere')];
  const bytes = stamp(bytesOf('(module (memory (export "memory") 1 2) (func (export "cni_abi_1")))'), JSON.stringify({ abi: 1, name: 'acme', version: '1', role: 'main', wants: {} }));
  writeFileSync(file, bytes);
  writeFileSync(elsewhere, 'of somebody');
  const roots = { ...node.host.roots, etc: folder, state: folder };
  const [lock, blob] = [lockPath(folder), blobPath(folder, digestOf(bytes))];
  install([file], { ...node.host, roots });
  for (const put of [(draft: string) => symlinkSync(elsewhere, draft), (draft: string) => void execFileSync('mkfifo', [draft])]) {
    for (const path of [lock, blob]) put(`${path}.new`);
    install([file], { ...node.host, roots });
    assert.equal([lock, blob].map((path) => lstatSync(path).isFile()), [true, true]);
    assert.equal([JSON.parse(readFileSync(lock, 'utf8')), readFileSync(blob)], [{ acme: { digest: digestOf(bytes) } }, Buffer.from(bytes)]);
  }
  assert.is(readFileSync(elsewhere, 'utf8'), 'of somebody');
  rmSync(folder, { recursive: true });
  node.remove();
});

test.run();
