// Modules that mean harm, installed and selected like any other: each ends in its CNI error, and the node is as before, also when the
// module had already changed it.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute, type Answer, type Target } from '../../host/cli/run-conflist.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';
import { addNetns, BIN, picture, sh } from '../support/node.ts';

const netns = addNetns('c1');
const target: Target = { containerId: 'c1', netns, ifname: 'eth0', path: [BIN] };
const PREFIX = { link: { container: ['veth'], host: ['veth'] }, addr: ['container'] };

const VETH = '{"name":"eth0","kind":"veth","peer":{"ns":"host"}}';
const ADDRESS = '{"link":1,"address":"192.0.2.2/24"}';
/** Makes a veth pair and gives it an address: what is to be taken back. */
const CHANGE = `(drop (call $create (i32.const 1024) (i32.const ${VETH.length}))) (drop (call $add (i32.const 2048) (i32.const ${ADDRESS.length})))`;

const module = (body: string, more = ''): Uint8Array => bytesOf(`(module
  (import "cni:abi/1" "log" (func $log (param i32 i32 i32)))
  (import "cni:link/1" "create" (func $create (param i32 i32) (result i32)))
  (import "cni:addr/1" "add" (func $add (param i32 i32) (result i32)))
  (memory (export "memory") 1 32)
  (data (i32.const 1024) "${VETH.replaceAll('"', '\\"')}")
  (data (i32.const 2048) "${ADDRESS.replaceAll('"', '\\"')}")
  (func (export "cni_abi_1"))
  ${more}
  (func (export "cni_add") (param $len i32) (result i32) ${body}))`);

/** Puts a module in place as an operator would; `grants` as the policy's word. */
function install(name: string, bytes: Uint8Array, grants: object, wants: object = grants, limits: object = {}): string {
  writeFileSync('/run/module.wasm', stamp(bytes, JSON.stringify({ abi: 1, name, version: '1.0.0', role: 'main', wants })));
  sh(`${BIN}/cni-wasm`, 'install', '/run/module.wasm', name);
  const lock = JSON.parse(readFileSync('/etc/cni/wasm/modules.lock', 'utf8')) as Record<string, { digest: string }>;
  const { digest } = lock[name]!;
  mkdirSync('/etc/cni/wasm', { recursive: true });
  writeFileSync('/etc/cni/wasm/policy.json', JSON.stringify({ version: 1, modules: { [digest]: { grants, limits } } }));
  return digest;
}

const add = (name: string): Answer => execute('cni-wasm', 'ADD', target, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm', module: name }));

function endsWith(code: number, says: RegExp, name: string): void {
  const before = picture(['c1']);
  const { exitCode, stdout, stderr } = add(name);
  assert.is(exitCode, 1);
  const error = JSON.parse(stdout) as { code: number; msg: string; details?: string };
  assert.is(error.code, code, stdout + stderr);
  assert.match(`${error.msg} ${error.details ?? ''}`, says);
  assert.is(picture(['c1']), before);
}

test('an operation that was not granted is refused before the kernel is touched, with the line that would allow it', () => {
  const digest = install('greedy', module(`${CHANGE} (i32.const 1)`), { addr: ['container'] }, PREFIX);
  endsWith(101, new RegExp(`plugin "greedy" asks for cni:link/1.create; policy grants none .*modules\\["${digest}"\\]\\.grants \\+= \\{"link":`), 'greedy');
});

const ENDS: Record<string, { body: string; more?: string; limits?: object; code: number; says: RegExp }> = {
  'loops for ever': { body: '(loop $l (br $l)) (unreachable)', limits: { timeMs: 1000 }, code: 104, says: /did not end within|longer than/ },
  'loops between two operations': { body: `(loop $l (drop (call $add (i32.const 2048) (i32.const ${ADDRESS.length}))) (br $l)) (unreachable)`, code: 105, says: /operations/ },
  'grows memory without end': { body: '(loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) (unreachable)', code: 105, says: /memory/ },
  traps: { body: '(unreachable)', code: 103, says: /unreachable/ },
  'runs out of stack': { body: '(call $deep)', more: '(func $deep (result i32) (i32.add (call $deep) (i32.const 1)))', code: 103, says: /stack/ },
  'reaches over the end of memory': { body: '(call $create (i32.const 65530) (i32.const 100))', code: 103, says: /memory|bytes/ },
  'fails without a word': { body: '(i32.const 1)', code: 999, says: /cni:abi\/1.fail/ },
  'succeeds without a result': { body: '(i32.const 0)', code: 999, says: /no result/ },
};

for (const [what, { body, more = '', limits = {}, code, says }] of Object.entries(ENDS)) {
  test(`a module that ${what}`, () => {
    install('hostile', module(body, more), PREFIX, PREFIX, limits);
    endsWith(code, says, 'hostile');
  });
  test(`a module that changes the kernel and then ${what}`, () => {
    install('hostile', module(`${CHANGE} ${body}`, more), PREFIX, PREFIX, limits);
    endsWith(code, says, 'hostile');
  });
}

test('a module whose bytes were changed after it was installed', () => {
  const digest = install('tampered', module('(i32.const 1)'), PREFIX);
  writeFileSync(`/var/lib/cni-wasm/blobs/sha256/${digest.slice(7)}`, module('(i32.const 0)'));
  endsWith(100, /has the digest .* expected/, 'tampered');
});

test('a policy that others can write is refused', () => {
  install('open', module('(i32.const 1)'), PREFIX);
  sh('chmod', '666', '/etc/cni/wasm/policy.json');
  endsWith(100, /writable by nobody else/, 'open');
});

test.run();
