// A name → bytes: ours, or those the lock file pins; never a path, never other bytes.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { blobPath, digestOf, findModule, isKnown, verifiedBytes, type Builtins } from '../../host/selection/find-module.ts';
import { loadModule, loadPlugin, type KeptModules } from '../../host/selection/load-plugin.ts';
import { lockPath } from '../../host/selection/lockfile.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';

const root = mkdtempSync(join(tmpdir(), 'modules-'));
const roots = { etc: join(root, 'etc'), state: join(root, 'state'), run: join(root, 'run'), tuning: '/nowhere', leases: join(root, 'leases') };
const acme = (pages: string, wants: object = { tc: ['host'] }): Uint8Array => stamp(
  bytesOf(`(module (import "cni:tc/1" "list" (func (param i32 i32) (result i32))) (import "cni:tc/1" "qdisc" (func (param i32 i32) (result i32))) (memory (export "memory") ${pages}) (func (export "cni_abi_1")))`),
  JSON.stringify({ abi: 1, name: 'acme', version: '1.0.0', role: 'chained', wants }),
);
const BYTES = acme('1 4');
const shipped = join(root, 'plugins', 'bridge.wasm');
const builtins = { source: () => ({ path: shipped, read: () => readFileSync(shipped) }), digests: { bridge: digestOf(BYTES) }, compiled: () => undefined };

test.before.each(() => {
  rmSync(root, { recursive: true, force: true });
  put(shipped, BYTES);
  put(blobPath(roots.state, digestOf(BYTES)), BYTES);
  put(lockPath(roots.etc), JSON.stringify({ acme: { digest: digestOf(BYTES) } }));
});
test.after(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o644 });
}
const refusal = (code: number, words: RegExp) => (error: unknown): boolean => error instanceof CniError && error.code === code && words.test(`${error.message} ${error.facts.details ?? ''}`);
const find = (name: string) => {
  const found = findModule(name, builtins, roots);
  return { ...found, bytes: verifiedBytes(found) };
};
const load = (name: string, network = 'blue') => loadPlugin(loadModule(name, builtins, roots), { name: network }, roots);

test('ours and the locked one', () => {
  assert.equal([find('bridge').builtin, find('bridge').digest], [true, digestOf(BYTES)]);
  assert.equal([find('acme').builtin, find('acme').digest], [false, digestOf(BYTES)]);
  assert.equal(['bridge', 'acme', 'other'].map((name) => isKnown(name, builtins, roots)), [true, true, false]);
});

for (const name of ['../acme', '/etc/passwd', 'http://example.org/a.wasm', 'a/b', '', '.', '-a', 'Acme', 'a'.repeat(65), 'a\0', 'a\n']) {
  test(`never a name: ${JSON.stringify(name).slice(0, 40)}`, () => assert.throws(() => find(name), refusal(100, /cannot be a module's name/)));
}

test('nobody\'s name, and names every object has', () => {
  for (const name of ['other', 'constructor', 'valueof', '__proto__']) assert.throws(() => find(name), (error: unknown) => error instanceof CniError && error.code === 100);
});

test('bytes that were changed', () => {
  put(shipped, acme('1 5'));
  put(blobPath(roots.state, digestOf(BYTES)), Uint8Array.from([...BYTES, 0]));
  for (const name of ['bridge', 'acme']) assert.throws(() => find(name), refusal(100, /has the digest sha256:[0-9a-f]{64}, expected sha256:/));
});

test('what a digest stands for is looked into once, and no call can change it for the next', () => {
  const kept: KeptModules = new Map();
  const [first, second] = [1, 2].map(() => loadModule('acme', builtins, roots, kept));
  assert.is(first!.manifest, second!.manifest);
  assert.is(first!.code(), second!.code());
  for (const part of [first!.manifest, first!.manifest.wants, first!.manifest.cniVersions, first!.code().imports.operations, first!.code().declared.memories[0]]) assert.ok(Object.isFrozen(part));
  put(blobPath(roots.state, digestOf(BYTES)), Uint8Array.from([...BYTES, 0]));
  assert.throws(() => loadModule('acme', builtins, roots, kept), refusal(100, /has the digest/));
});

test('a file is read again when it is another, and as long as it was changed a moment ago', () => {
  let [reads, now] = [0, Date.now()];
  const own: Builtins = { ...builtins, source: () => ({ path: shipped, read: () => (reads++, readFileSync(shipped)) }) };
  const kept: KeptModules = new Map();
  const readsOf = (times: number): number => {
    const before = reads;
    for (let i = 0; i < times; i++) loadModule('bridge', own, roots, kept);
    return reads - before;
  };
  const { now: realNow } = Date;
  Date.now = () => now;
  try {
    assert.is(readsOf(3), 3);
    now += 2_000;
    assert.is(readsOf(3), 1);
    // With the time of an hour ago in its place, as cp -p would leave it.
    put(shipped, BYTES);
    utimesSync(shipped, now / 1000 - 3600, now / 1000 - 3600);
    assert.is(readsOf(1), 1);
    put(shipped, Uint8Array.from([...BYTES, 0]));
    now += 2_000;
    assert.throws(() => readsOf(1), refusal(100, /has the digest/));
  } finally {
    Date.now = realNow;
  }
});

test('bytes that are gone', () => {
  rmSync(roots.state, { recursive: true });
  assert.throws(() => find('acme'), refusal(100, /cannot be read from .*ENOENT/));
});

test('a link that leads back to itself, to who keeps modules as to who does not', () => {
  const blob = blobPath(roots.state, digestOf(BYTES));
  rmSync(blob);
  symlinkSync(blob, blob);
  for (const kept of [undefined, new Map()]) assert.throws(() => loadModule('acme', builtins, roots, kept), refusal(100, /cannot be read from .*ELOOP/));
});

test('a pipe in the place of the bytes is not waited for', () => {
  const blob = blobPath(roots.state, digestOf(BYTES));
  rmSync(blob);
  execFileSync('mkfifo', [blob]);
  assert.throws(() => find('acme'), refusal(100, /cannot be read from .*ENOTSUP/));
});

test('the lock file cannot replace one of ours', () => {
  put(lockPath(roots.etc), JSON.stringify({ bridge: { digest: `sha256:${'0'.repeat(64)}` } }));
  assert.is(find('bridge').builtin, true);
});

const LOCKS: readonly [string, RegExp][] = [
  ['{', /modules\.lock/],
  ['{"acme":"sha256:00"}', /"acme" needs a digest/],
  ['{"acme":{"digest":"sha256:00"}}', /"acme" needs a digest/],
  ['{"acme":{"digest":"../../../etc/passwd"}}', /"acme" needs a digest/],
];
for (const [text, words] of LOCKS) test(`a lock file that is none: ${text}`, () => {
  put(lockPath(roots.etc), text);
  assert.throws(() => find('acme'), refusal(100, words));
});

test('a lock file that others can write', () => {
  chmodSync(lockPath(roots.etc), 0o666);
  assert.throws(() => find('acme'), refusal(100, /must belong to root/));
});

test('loading: ours with what it wants, the locked one with what policy says', () => {
  assert.equal([...load('bridge').granted], ['tc.list', 'tc.qdisc']);
  assert.throws(() => load('acme'), refusal(101, /plugin "acme" asks for cni:tc\/1\.qdisc; policy grants none allow it in .*policy\.json: modules\["sha256:[0-9a-f]{64}"\]\.grants \+= {"tc":\["host"\]}/));
  put(join(roots.etc, 'policy.json'), JSON.stringify({ version: 1, modules: { [digestOf(BYTES)]: { networks: ['blue'], grants: { tc: ['host'] } } } }));
  assert.equal([...load('acme').granted], ['tc.list', 'tc.qdisc']);
  assert.throws(() => load('acme', 'red'), refusal(101, /on network "red"/));
});

test('a module that may grow too far is refused before it runs', () => {
  const greedy = acme('1 65');
  put(blobPath(roots.state, digestOf(greedy)), greedy);
  put(lockPath(roots.etc), JSON.stringify({ acme: { digest: digestOf(greedy) } }));
  put(join(roots.etc, 'policy.json'), JSON.stringify({ version: 1, modules: { [digestOf(greedy)]: { grants: { tc: ['host'] } } } }));
  assert.throws(() => load('acme'), refusal(100, /up to 65 pages/));
});

test.run();
