// `cni-wasm install`: what a name stands for afterwards, what it stood for before, and two at once.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { install } from '../../host/cli/install.ts';
import type { Locks } from '../../host/ledger/locks.ts';
import { rootsFrom } from '../../host/roots.ts';
import { blobPath, digestOf } from '../../host/selection/find-module.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-install-'));
test.after(() => rmSync(folder, { recursive: true }));
const etc = join(folder, 'etc');
const roots = rootsFrom({ CNI_WASM_ETC: etc, CNI_WASM_STATE: join(folder, 'state') });
const LOCK = join(etc, 'modules.lock');
mkdirSync(etc, { mode: 0o755 });

/** What others have done by the time that it has the lock; what is in the lock file when it lets go. */
function lockedBy(others: () => void): { locks: Locks; held: string[] } {
  const held: string[] = [];
  const hold: Locks['hold'] = (name, mode) => {
    others();
    held.push(`${mode} ${name}`);
    return { tryExclusive: () => true, release: () => void held.push(readFileSync(LOCK, 'utf8')) };
  };
  return { locks: { hold, tryHold: () => undefined, sweep: () => undefined, holdFile: () => () => undefined }, held };
}
const { locks } = lockedBy(() => undefined);

function built(version: string): { file: string; digest: string } {
  const file = join(folder, `acme-${version}.wasm`);
  const bytes = stamp(bytesOf('(module (memory (export "memory") 1 1) (func (export "cni_abi_1")))'), JSON.stringify({ abi: 1, name: 'acme', version, role: 'main' }));
  writeFileSync(file, bytes);
  return { file, digest: digestOf(bytes) };
}
const entries = (): Record<string, { digest: string }> => JSON.parse(readFileSync(LOCK, 'utf8')) as Record<string, { digest: string }>;

const [one, two] = [built('1.0.0'), built('2.0.0')];

test('another version under a name: what it replaces is said, and the way back', () => {
  assert.match(install([one.file], { roots, locks }), new RegExp(`^installed "acme" 1\\.0\\.0 as ${one.digest}\n\n`));
  const way = `cni-wasm install ${blobPath(roots.state, one.digest)} acme`;
  assert.ok(install([two.file], { roots, locks }).startsWith(`installed "acme" 2.0.0 as ${two.digest}\nin place of ${one.digest}, whose bytes stay; to go back to them:\n  ${way}\n\n`));
  assert.equal(entries(), { acme: { digest: two.digest } });
  install(way.split(' ').slice(2), { roots, locks });
  assert.equal(entries(), { acme: { digest: one.digest } });
});

test('the same once more replaces nothing', () => {
  assert.match(install([one.file], { roots, locks }), new RegExp(`as ${one.digest}\n\n`));
});

test('bytes that somebody has taken away are no way back', () => {
  rmSync(blobPath(roots.state, one.digest));
  assert.match(install([two.file], { roots, locks }), `as ${two.digest}\nin place of ${one.digest}, whose bytes are not there any more\n\n`);
});

test('two at once: the one that waits for the other keeps its entry', () => {
  const other = { digest: `sha256:${'0'.repeat(64)}` };
  const { locks, held } = lockedBy(() => writeFileSync(LOCK, JSON.stringify({ ...entries(), other }), { mode: 0o644 }));
  install([one.file], { roots, locks });
  assert.is(held[0], 'exclusive modules.lock');
  assert.equal(JSON.parse(held[1]!), { acme: { digest: one.digest }, other });
});

test.run();
