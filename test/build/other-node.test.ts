// What one build of V8 has written down no other may read: a node whose Node was upgraded runs on, with code that it compiles itself.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fetchPackage } from '../../host/build/fetch-package.mjs';
import { buildIdOf, engineHere } from '../../host/engine.ts';
import { skip } from '../support/node.ts';

/** Whichever of them this Node is not; V8 says that all of one line are the same. */
const OTHERS: Record<string, readonly string[]> = { 20: ['20.19.2', '20.20.0'], 22: ['22.14.0', '22.20.0'], 24: ['24.9.0', '24.11.1'] };
const version = OTHERS[process.versions.node.split('.')[0]!]?.find((one) => one !== process.versions.node);
if (version === undefined) skip(`no other Node is known of the line of ${process.version}`);
const other = otherNode(version);

function otherNode(version: string): string {
  try {
    return join(fetchPackage(`node-linux-${process.arch}`, version), 'bin/node');
  } catch {
    return skip(`Node ${version} could not be fetched`);
  }
}

const call = (node: string, env: Record<string, string>, ...words: string[]): SpawnSyncReturns<string> =>
  spawnSync(node, ['dist/lib/host.cjs', ...words], { encoding: 'utf8', env, input: '{"cniVersion":"1.1.0","name":"blue","type":"static","ipam":{"type":"static"}}' });

test('it is another build of the same version of V8', () => {
  const [own, its] = [process.execPath, other].map((node) => spawnSync(node, ['-p', 'process.versions.v8.split("-")[0]'], { encoding: 'utf8' }).stdout);
  assert.is(its, own);
  assert.is.not(buildIdOf(other)!.slice(0, 16), engineHere());
});

test('the command for people, and a call that runs a module', () => {
  const node = mkdtempSync(join(tmpdir(), 'cni-wasm-other-node-'));
  const roots = Object.fromEntries(['ETC', 'STATE', 'RUN', 'LEASES', 'TUNING'].map((root) => [`CNI_WASM_${root}`, join(node, root)]));
  for (const [env, ...words] of [[{}, 'cni-wasm', 'inspect', 'bridge'], [{ CNI_COMMAND: 'STATUS', CNI_PATH: '/nowhere' }, 'static'], [{ CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c', CNI_NETNS: '/nowhere', CNI_IFNAME: 'e', CNI_PATH: '/nowhere' }, 'static']] as const) {
    const [own, its] = [process.execPath, other].map((node) => call(node, { ...env, ...roots }, ...words));
    assert.equal([its!.signal, its!.status, its!.stdout, its!.stderr], [null, own!.status, own!.stdout, own!.stderr], words.join(' '));
  }
  rmSync(node, { recursive: true });
});

test('a file without a build id, and what is no program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-build-id-'));
  const file = join(folder, 'file');
  const whole = readFileSync(other).subarray(0, 4096);
  for (const bytes of ['', '#!/bin/sh\n', ...[63, 64, 500, 800].map((size) => whole.subarray(0, size))]) {
    writeFileSync(file, bytes);
    assert.is(buildIdOf(file), undefined, `${bytes.length} bytes`);
  }
  writeFileSync(file, whole);
  assert.is(buildIdOf(file), buildIdOf(other));
  rmSync(folder, { recursive: true });
});

test.run();
