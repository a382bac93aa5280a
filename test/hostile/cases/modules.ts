// Modules that are not what they say: imports, exports, sections and manifests that lie, bytes and files that were changed.
// SPDX-License-Identifier: Apache-2.0

import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stamp } from '../../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../../sandbox/wat.ts';
import { PAIR, VETH_GRANT, type Case } from '../case.ts';

const load = { code: 100, operation: 'load' } as const;
const MANIFEST = { abi: 1, name: 'liar', version: '1.0.0', role: 'main' };
const module = (text: string, manifest: object = MANIFEST): Uint8Array => stamp(bytesOf(`(module ${text})`), JSON.stringify(manifest));
/** For what V8 does not compile, so that it cannot be stamped. */
const unsound = (text: string): Uint8Array => Uint8Array.from([...bytesOf(`(module ${text})`), ...section('cni.manifest', JSON.stringify(MANIFEST))]);
const ENTRY = '(func (export "cni_abi_1")) (func (export "cni_add") (param i32) (result i32) (i32.const 0))';
const SOUND = `(memory (export "memory") 1 1) ${ENTRY}`;
const bad = (name: string, bytes: Uint8Array, says: RegExp, object = /./): Case => ({ name, bytes, ...load, says, object });
const section = (name: string, content: string): Uint8Array => Uint8Array.from([0, 1 + name.length + content.length, name.length, ...Buffer.from(name + content)]);

const POLICY = '/etc/cni/wasm/policy.json';
const LOCK = '/etc/cni/wasm/modules.lock';
/** For one call; a file others may write decides nothing. */
const file = (path: string, change: (path: string) => void): Pick<Case, 'before' | 'after'> => {
  let was: Buffer;
  return {
    before() {
      was = readFileSync(path);
      change(path);
    },
    after() {
      chownSync(path, 0, 0);
      chmodSync(path, 0o644);
      writeFileSync(path, was);
    },
  };
};

let original: Buffer;

export const modules = (): Case[] => [
  bad('imports a function of some system', module(`(import "env" "system" (func (param i32) (result i32))) ${SOUND}`), /imports function "env" "system"/, /^env system$/),
  bad('imports an operation that does not exist', module(`(import "cni:link/1" "exec" (func (param i32 i32) (result i32))) ${SOUND}`), /"cni:link\/1" "exec"/, /exec/),
  bad('imports the host\'s memory', module(`(import "cni:abi/1" "memory" (memory 1)) ${ENTRY}`), /does not export its memory|imports memory/),
  bad('imports a table to put functions into', module(`(import "cni:abi/1" "take" (table 1 funcref)) ${SOUND}`), /imports table/, /take/),
  bad('imports a global in place of a function', module(`(import "cni:abi/1" "take" (global (mut i32))) ${SOUND}`), /imports global/, /take/),
  bad('declares memory without a maximum', module(`(memory (export "memory") 1) ${ENTRY}`), /declares no maximum/),
  bad('declares all the memory there is', module(`(memory (export "memory") 1 65536) ${ENTRY}`), /up to 65536 pages/),
  bad('declares a memory with 64-bit addresses', unsound(`(memory (export "memory") i64 1 2) ${ENTRY}`), /64-bit|not valid WebAssembly/),
  bad('declares a memory that threads share', module(`(memory (export "memory") 1 2 shared) ${ENTRY}`), /shared/),
  bad('declares a second memory', unsound(`${SOUND} (memory 1 60000)`), /declares 2 memories|not valid WebAssembly/),
  bad('declares a table without a maximum', module(`(table 1 funcref) ${SOUND}`), /table/),
  bad('declares types of the garbage-collected heap', unsound(`(type $a (array (mut i8))) ${SOUND} (func (result anyref) (array.new $a (i32.const 1) (i32.const 100000000)))`), /garbage-collected heap|not valid WebAssembly/),
  bad('says nothing of the contract it follows', module('(memory (export "memory") 1 1) (func (export "cni_add") (param i32) (result i32) (i32.const 0))'), /does not export cni_abi_1/),
  bad('exports a function as its memory', module(`(func (export "memory")) ${ENTRY}`), /does not export its memory/),
  bad('is no WebAssembly', Buffer.from('#!/bin/sh\nreboot\n'), /not valid WebAssembly/),
  bad('is cut off', module(SOUND).subarray(0, 40), /not valid WebAssembly/),
  bad('has no manifest', bytesOf(`(module ${SOUND})`), /0 cni\.manifest sections/),
  bad('has two manifests, a modest one first', Uint8Array.from([...module(SOUND), ...section('cni.manifest', '{"abi":1}')]), /2 cni\.manifest sections/),
  bad('has a manifest that is no JSON', Uint8Array.from([...bytesOf(`(module ${SOUND})`), ...section('cni.manifest', '{"abi":1,')]), /manifest of module/),
  bad('wants what does not exist', module(SOUND, { ...MANIFEST, wants: { everything: true } }), /"everything" is no grant/, /everything/),
  bad('wants by a name that every object has', module(SOUND, { ...MANIFEST, wants: { constructor: {} } }), /"constructor" is no grant/, /constructor/),
  bad('has limits that are none', module(SOUND, { ...MANIFEST, limits: { timeMs: 1e99 } }), /"timeMs" must be a positive integer/, /timeMs/),
  { name: 'wants less than it imports', grants: VETH_GRANT, wants: {}, asks: [PAIR], code: 101, says: /asks for cni:link\/1\.create; policy grants none.*\n.*does not want "link" either/s, operation: 'link.create', object: /^cni:link\/1\.create$/ },
  { name: 'imports what it was not granted', wants: VETH_GRANT, asks: [PAIR], code: 101, says: /policy grants none.*\n.*modules\["sha256:[0-9a-f]{64}"\]\.grants \+= /s, operation: 'link.create', object: /^cni:link\/1\.create$/ },
  { name: 'calls what it said it could do without', wants: VETH_GRANT, manifest: { optional: ['link.create'] }, asks: [PAIR], code: 101, says: /link\.create is not granted/, operation: 'link.create', object: /eth0/ },
  { name: 'gives itself more time than there is, and loops', grants: VETH_GRANT, manifest: { limits: { timeMs: 9_000_000 } }, limits: { timeMs: 300 }, body: '(loop $l (br $l)) (unreachable)', code: 104, says: /longer than 300 ms/, operation: 'cni_add', object: /^limits\.timeMs$/ },
  { name: 'has a type of its own for an operation', grants: VETH_GRANT, bytes: module(`(import "cni:link/1" "create" (func $c (param i64 f64) (result i64))) ${SOUND.replace('(i32.const 0))', '(drop (call $c (i64.const 1) (f64.const 1))) (i32.const 0))')}`, { ...MANIFEST, wants: VETH_GRANT }), code: 100, says: /signature/, operation: 'load', object: /^cni:link\/1 create$/ },
  {
    name: 'was changed after it was put in place', body: '(unreachable)', ...load, says: /has the digest sha256:.*, expected/s, object: /blobs/,
    before({ blob }) {
      original = readFileSync(blob);
      writeFileSync(blob, module(SOUND));
    },
    after: ({ blob }) => writeFileSync(blob, original),
  },
  ...['../../usr/bin/env', 'https://example.org/x.wasm', '/run/x.wasm', 'Bridge', 'x\nbridge', 'x;reboot', ''].map((name): Case => ({
    name: `is named ${JSON.stringify(name)} in a configuration`, body: '(unreachable)', conf: { module: name }, code: name === '' ? 7 : 100, says: name === '' ? /needs "module"/ : /cannot be a module's name/,
  })),
  { name: 'is granted by a policy that others may write', grants: VETH_GRANT, asks: [PAIR], ...load, says: /writable by nobody else/, object: /policy\.json/, ...file(POLICY, (path) => chmodSync(path, 0o666)) },
  { name: 'is granted by a policy of another user', grants: VETH_GRANT, asks: [PAIR], ...load, says: /uid 1234/, object: /policy\.json/, ...file(POLICY, (path) => chownSync(path, 1234, 0)) },
  { name: 'is named by a lock file that its group may write', grants: VETH_GRANT, asks: [PAIR], ...load, says: /writable by nobody else/, object: /modules\.lock/, ...file(LOCK, (path) => chmodSync(path, 0o664)) },
  {
    name: 'is granted by a policy in a folder that others may write to', grants: VETH_GRANT, asks: [PAIR], ...load, says: /"\/etc\/cni\/wasm" must belong to root and be writable by nobody else, it is 777/, object: /^\/etc\/cni\/wasm$/,
    before: () => chmodSync(dirname(POLICY), 0o777), after: () => chmodSync(dirname(POLICY), 0o755),
  },
  { name: 'gives an operation of the host out as its own entry', bytes: module(`(import "cni:link/1" "list" (func $list (param i32 i32) (result i32))) (memory (export "memory") 1 1) (func (export "cni_abi_1")) (export "cni_add" (func $list))`, { ...MANIFEST, wants: VETH_GRANT }), grants: VETH_GRANT, code: 999, says: /did not say why/, operation: 'link.list', object: /^$/ },
  { name: 'is named in a policy that is no policy', grants: VETH_GRANT, asks: [PAIR], ...load, says: /"modules" must be an object|policy\.json/, object: /./, ...file(POLICY, (path) => writeFileSync(path, '{"version":1,"modules":[]}')) },
];
