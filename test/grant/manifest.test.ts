// What a module says of itself: its manifest and its imports, refused where they are not exact.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { readManifest } from '../../host/grant/manifest.ts';
import { readImports } from '../../host/grant/read-imports.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf, moduleOf } from '../sandbox/wat.ts';

const LEAST = { abi: 1, name: 'acme', version: '1.0.0', role: 'main' };
const EMPTY = bytesOf('(module (memory (export "memory") 1 1))');
const manifestOf = (manifest: object) => readManifest(stamp(EMPTY, JSON.stringify(manifest)), 'acme');
const refusal = (words: RegExp) => (error: unknown): boolean => error instanceof CniError && error.code === 100 && words.test(error.message);

test('the least manifest, with its defaults', () => {
  assert.equal(manifestOf(LEAST), { ...LEAST, cniVersions: [], wants: {}, optional: [], limits: {} });
});

test('a full one', () => {
  const full = {
    ...LEAST, role: 'ipam', license: 'Apache-2.0', description: 'd', cniVersions: ['1.0.0'], optional: ['conntrack.flush'], limits: { timeMs: 5 },
    wants: { link: { host: ['ifb'] }, hostLinks: ['x'], addr: ['host'], nft: ['ip t'], iptables: { nat: { chains: ['A'], jumpFrom: ['B'] } }, sysctl: ['net/x'], conntrack: true, firewalld: ['trusted'], store: 'own', conf: ['ipam.resolvConf'], delegate: ['ipam'] },
  };
  assert.equal(manifestOf(full), full);
});

const REFUSED: readonly [object, RegExp][] = [
  [{ nmae: 1 }, /"nmae" is no key of a manifest/],
  [{ name: 'Acme' }, /"name" must match/],
  [{ name: '../acme' }, /"name" must match/],
  [{ cniVersions: '1.0.0' }, /"cniVersions" must be a list/],
  [{ optional: [1] }, /"optional" must be a list/],
  [{ wants: [] }, /"wants" must be an object/],
  [{ wants: { links: {} } }, /"links" is no grant/],
  [{ wants: { constructor: {} } }, /"constructor" is no grant/],
  [{ wants: { link: { pod: [] } } }, /"link\.pod" is no namespace/],
  [{ wants: { addr: ['pod'] } }, /"addr" must be a list of host, container/],
  [{ wants: { iptables: ['nat'] } }, /"iptables" must be like/],
  [{ wants: { conntrack: 1 } }, /"conntrack" must be true or false/],
  [{ wants: { firewalld: 'trusted' } }, /"firewalld" must be a list of strings/],
  [{ wants: { store: 'all' } }, /"store" must be ipam, own, dataDir or none/],
  [{ limits: { time: 5 } }, /"time" is no limit/],
  [{ limits: { timeMs: 0 } }, /"timeMs" must be a positive integer/],
  [{ limits: { timeMs: '5' } }, /"timeMs" must be a positive integer/],
  [{ wants: { hostLinks: ['veth{attachment:7}'] } }, /at least 8 digits/],
  [{ wants: { iptables: { nat: { chain: [] } } } }, /"iptables\.nat\.chain" is unknown/],
  [{ config: [] }, /"config" must be a schema/],
  [{ config: { type: 'text' } }, /"type" must be one of/],
  [{ config: { properties: { a: { pattern: '(a+)+$' } } } }, /"pattern" is no keyword here/],
  [{ config: { properties: { a: { $ref: '#' } } } }, /"\$ref" is no keyword here/],
];
for (const [keys, words] of REFUSED) test(`refused: ${JSON.stringify(keys)}`, () => assert.throws(() => manifestOf({ ...LEAST, ...keys }), refusal(words)));

test('no manifest, or two', () => {
  assert.throws(() => readManifest(EMPTY, 'acme'), refusal(/has 0 cni\.manifest sections/));
  const once = stamp(EMPTY, JSON.stringify(LEAST));
  const section = once.slice(EMPTY.length);
  assert.throws(() => readManifest(Uint8Array.from([...once, ...section]), 'acme'), refusal(/has 2 cni\.manifest sections/));
});

const FRAME = '(memory (export "memory") 1 1) (func (export "cni_abi_1"))';
test('imports are named as operations', () => {
  const module = moduleOf(`(module (import "cni:link/1" "create" (func (param i32 i32) (result i32))) (import "cni:abi/1" "take" (func (param i32 i32) (result i32))) (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) ${FRAME})`);
  assert.equal(readImports(module, 'acme'), { operations: ['link.create'], wasi: true });
});

const UNKNOWN: readonly [string, RegExp][] = [
  ['(import "env" "abort" (func))', /imports function "env" "abort"/],
  ['(import "cni:link/1" "destroy" (func))', /"cni:link\/1" "destroy"/],
  ['(import "cni:link/2" "create" (func))', /"cni:link\/2" "create"/],
  ['(import "cni:abi/1" "exec" (func))', /"cni:abi\/1" "exec"/],
  ['(import "cni:abi/1" "constructor" (func))', /"cni:abi\/1" "constructor"/],
  ['(import "wasi_snapshot_preview1" "exec" (func))', /"wasi_snapshot_preview1" "exec"/],
  ['(import "wasi_snapshot_preview1" "constructor" (func (param i32) (result externref)))', /"wasi_snapshot_preview1" "constructor"/],
  ['(import "wasi_snapshot_preview1" "__proto__" (func))', /"wasi_snapshot_preview1" "__proto__"/],
  ['(import "cni:link/1" "create" (global i32))', /imports global/],
  ['(import "cni:abi/1" "take" (table 1 funcref))', /imports table/],
];
for (const [text, words] of UNKNOWN) test(`refused: ${text}`, () => assert.throws(() => readImports(moduleOf(`(module ${text} ${FRAME})`), 'acme'), refusal(words)));

test('no marker, no memory, somebody else\'s memory', () => {
  assert.throws(() => readImports(moduleOf('(module (memory (export "memory") 1 1))'), 'acme'), refusal(/does not export cni_abi_1/));
  assert.throws(() => readImports(moduleOf('(module (func (export "cni_abi_1")))'), 'acme'), refusal(/does not export its memory/));
  assert.throws(() => readImports(moduleOf('(module (import "env" "memory" (memory 1)) (export "memory" (memory 0)) (func (export "cni_abi_1")))'), 'acme'), refusal(/imports memory/));
});

test.run();
