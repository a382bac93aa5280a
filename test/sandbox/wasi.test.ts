// Modules of toolchains that need WASI: no files, no environment, no arguments; what they print is logged.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODE } from '../../host/cni-error.ts';
import type { GuestModule } from '../../host/sandbox/guest-module.ts';
import { needsWasi, prepareWasi } from '../../host/sandbox/wasi.ts';
import { skip } from '../support/node.ts';
import { until } from '../support/until.ts';
import { moduleOf, play } from './wat.ts';

if (!existsSync('dist/lib/wasi.cjs')) skip('the host is not built: node build.mjs');

const IMPORTS = `
  (import "cni:abi/1" "fail" (func $fail (param i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1 4)
  (data (i32.const 0) "\\08\\00\\00\\00\\05\\00\\00\\00hello")
  (data (i32.const 32) "/etc/passwd")`;
const plugin = (body: string): GuestModule => moduleOf(`(module ${IMPORTS} (func (export "cni_add") (param i32) (result i32) ${body}))`);
const say = (fd: number): string => `(drop (call $write (i32.const ${fd}) (i32.const 0) (i32.const 1) (i32.const 64)))`;

test('a module without WASI needs none', () => {
  assert.is(needsWasi(moduleOf('(module (memory 1 1))')), false);
  assert.is(needsWasi(plugin('(i32.const 0)')), true);
});

test('before it is ready, the error says so', () => {
  const { error } = play(plugin('(i32.const 0)'));
  assert.is(error?.code, CODE.hostInternal);
  assert.match(error!.message, /"acme" needs WASI and it is not ready/);
});

test('stdout and stderr are logged', async () => {
  await prepareWasi();
  const { logged, error } = play(plugin(`${say(1)} ${say(2)} (i32.const 0)`));
  assert.is(error, undefined, error?.message);
  assert.equal(logged, [{ level: 'info', text: 'hello' }, { level: 'error', text: 'hello' }]);
});

test('no environment, no arguments, no folders, no files', () => {
  const { error } = play(plugin(`
    (drop (call $environ (i32.const 128) (i32.const 132))) (if (i32.load (i32.const 128)) (then unreachable))
    (if (i32.eqz (call $prestat (i32.const 3) (i32.const 128))) (then unreachable))
    (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 11) (i32.const 0) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 128))) (then unreachable))
    (if (i32.eqz (call $open (i32.const 4) (i32.const 0) (i32.const 32) (i32.const 11) (i32.const 0) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 128))) (then unreachable))
    (i32.const 0)`));
  assert.is(error, undefined, `${error?.message} ${error?.facts.details}`);
});

test('randomness is the host\'s', () => {
  assert.is(play(plugin('(drop (call $random (i32.const 256) (i32.const 4))) (i32.ne (i32.load (i32.const 256)) (i32.const 0x07070707))')).error, undefined);
});

test('leaving', () => {
  assert.is(play(plugin('(call $exit (i32.const 0)) unreachable')).error, undefined);
  const { error } = play(plugin(`${say(2)} (call $exit (i32.const 3)) unreachable`));
  assert.is(error?.code, CODE.plugin);
  assert.match(`${error!.message} ${error!.facts.details}`, /exited with status 3 hello/);
});

test('limits hold: operations, time, pointers', () => {
  assert.is(play(plugin(`(loop $on ${say(1)} (br $on)) (i32.const 0)`)).error?.code, CODE.limit);
  assert.is(play(plugin('(loop $on (br $on)) (i32.const 0)'), { limits: { timeMs: 100 } }).error?.code, CODE.timeLimit);
  assert.is(play(plugin('(drop (call $random (i32.const -1) (i32.const 4))) (i32.const 0)')).error?.code, CODE.trap);
  assert.equal(play(plugin(`${say(1)} (i32.const 0)`)).logged, [{ level: 'info', text: 'hello' }]);
});

test('several parts of memory are one line, and the guest is told how many bytes it was', () => {
  const { logged, error } = play(plugin(`
    (i32.store (i32.const 128) (i32.const 8)) (i32.store (i32.const 132) (i32.const 4)) (i32.store (i32.const 136) (i32.const 12)) (i32.store (i32.const 140) (i32.const 1))
    (drop (call $write (i32.const 1) (i32.const 128) (i32.const 2) (i32.const 64)))
    (i32.ne (i32.load (i32.const 64)) (i32.const 5))`));
  assert.is(error, undefined, error?.message);
  assert.equal(logged, [{ level: 'info', text: 'hello' }]);
});

test('the same bytes printed over and over take no more memory than the log', () => {
  const before = process.resourceUsage().maxRSS;
  // 100 times the four MiB that it has.
  const { logged, error } = play(moduleOf(`(module ${IMPORTS.replace('1 4', '64 64')} (func (export "cni_add") (param i32) (result i32) (local $i i32)
    (loop $l (i32.store offset=1028 (i32.shl (local.get $i) (i32.const 3)) (i32.const 4194304)) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 100) (i32.const 64))) (i32.ne (i32.load (i32.const 64)) (i32.const 419430400))))`));
  assert.is(error, undefined, error?.message);
  assert.is(logged[0]?.text.length, 64 * 1024);
  assert.ok(process.resourceUsage().maxRSS - before < 100_000, `${process.resourceUsage().maxRSS - before} KiB more`);
});

test('a run that is over has left no memory behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const runs = Array.from({ length: 5 }, () => {
    let memory: WeakRef<ArrayBufferLike> | undefined;
    play(plugin('(drop (call $random (i32.const 256) (i32.const 4))) (call $exit (i32.const 3)) (i32.const 0)'), { random: (bytes) => { memory = new WeakRef(bytes.buffer); } });
    return memory!;
  });
  await until('the memory of every run is given back', () => {
    collect();
    return runs.every((memory) => memory.deref() === undefined);
  });
});

test.run();
