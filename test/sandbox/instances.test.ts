// One instance for several runs of a module of ours: each run finds what a new instance has, whatever the one before it did.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODE } from '../../host/cni-error.ts';
import { compileModule, type GuestModule } from '../../host/sandbox/guest-module.ts';
import { meter } from '../../host/sandbox/meter.ts';
import { addReset } from '../../plugins-as/add-reset.mjs';
import { bytesOf, moduleOf, play, type Rules } from './wat.ts';

/** Traps where it does not find what it begins with, and leaves something else everywhere. */
const leaving = (body: string, more = ''): string => `(module
  (import "cni:abi/1" "fail" (func $fail (param i32 i32)))
  (import "cni:link/1" "create" (func $create (param i32 i32) (result i32)))
  (memory (export "memory") 2 4)
  (data (i32.const 8) "begin")
  (data (i32.const 100000) "{\\"code\\":104,\\"msg\\":\\"no\\"}")
  (data (i32.const 100100) "{\\"name\\":\\"v1\\",\\"kind\\":\\"veth\\"}")
  (global $a (mut i32) (i32.const -5))
  (global $b (mut i64) (i64.const 0x7edcba9876543210))
  (global $c (mut f32) (f32.const 1.5))
  (global $d (mut f64) (f64.const nan))
  (global $e (export "shown") (mut i32) (i32.const 7))
  (func $is (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
  ${more}
  (func (export "cni_add") (param $len i32) (result i32)
    (call $is (i32.eq (global.get $a) (i32.const -5)))
    (call $is (i64.eq (global.get $b) (i64.const 0x7edcba9876543210)))
    (call $is (f32.eq (global.get $c) (f32.const 1.5)))
    (call $is (f64.ne (global.get $d) (global.get $d)))
    (call $is (i32.eq (global.get $e) (i32.const 7)))
    (call $is (i64.eq (i64.load (i32.const 8)) (i64.const 0x6e69676562)))
    (call $is (i32.eq (memory.size) (i32.const 2)))
    (call $is (i64.eqz (i64.load (i32.const 131064))))
    (global.set $a (i32.const 1)) (global.set $b (i64.const 2)) (global.set $c (f32.const 3)) (global.set $d (f64.const 4)) (global.set $e (i32.const 5))
    (memory.fill (i32.const 0) (i32.const 0xff) (i32.const 99999))
    (memory.fill (i32.const 130000) (i32.const 0xff) (i32.const 1072))
    ${body}))`;

const ours = (wat: string): GuestModule => ({ ...compileModule(addReset(meter(bytesOf(wat)))), isOurs: true });

/** How many instances were made meanwhile. */
function made(act: () => void): number {
  const { Instance } = WebAssembly;
  let count = 0;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args: ConstructorParameters<typeof Instance>) {
      count++;
      return new target(...args);
    },
  });
  try {
    act();
  } finally {
    WebAssembly.Instance = Instance;
  }
  return count;
}

function runs(module: GuestModule, times: number, code?: number, rules?: Rules): void {
  for (let i = 0; i < times; i++) {
    const { error } = play(module, rules);
    assert.is(error?.code, code, `run ${i}: ${error?.message} ${error?.facts.details}`);
  }
}

test('one serves all runs', () => {
  assert.is(made(() => runs(ours(leaving('(i32.const 0)')), 5)), 1);
});

test('also behind runs that fail by their own word', () => {
  assert.is(made(() => runs(ours(leaving('(call $fail (i32.const 100000) (i32.const 23)) (i32.const 1)')), 5, 104)), 1);
});

test('modules of others have one for each run', () => {
  assert.is(made(() => runs(moduleOf(leaving('(i32.const 0)')), 5)), 5);
  const withExport = leaving('(i32.const 0)', '(func (export "reset"))');
  assert.is(made(() => runs(moduleOf(withExport), 5)), 5);
});

test('one whose memory has grown serves no more', () => {
  assert.is(made(() => runs(ours(leaving('(drop (memory.grow (i32.const 1))) (i32.const 0)')), 5)), 5);
});

test('one that trapped serves no more', () => {
  assert.is(made(() => runs(ours(leaving('unreachable')), 5, CODE.trap)), 5);
});

test('one that was ended for its time serves no more', () => {
  assert.is(made(() => runs(ours(leaving('(loop $l (br $l)) (i32.const 0)')), 2, CODE.timeLimit, { limits: { timeMs: 20 } })), 2);
});

test('one that an import ended serves no more', () => {
  assert.is(made(() => runs(ours(leaving('(call $fail (i32.const -1) (i32.const -1)) (i32.const 0)')), 2, CODE.trap)), 2);
});

test('a module that is run by an operation of its own run gets another', () => {
  const module = ours(leaving('(drop (call $create (i32.const 100100) (i32.const 27))) (i32.const 0)'));
  const perform = (): object => {
    runs(module, 1, undefined, { perform: () => ({}) });
    return {};
  };
  assert.is(made(() => runs(module, 1, undefined, { perform })), 2);
  assert.is(made(() => runs(module, 1, undefined, { perform })), 1);
});

const LASTING: Record<string, string> = {
  'table.set': '(func (table.set $t (i32.const 0) (ref.func $f)))',
  'table.fill': '(func (table.fill $t (i32.const 0) (ref.func $f) (i32.const 1)))',
  'table.copy': '(func (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1)))',
  'table.init': '(elem $s func $f) (func (table.init $t $s (i32.const 0) (i32.const 0) (i32.const 1)))',
  'table.grow': '(func (drop (table.grow $t (ref.func $f) (i32.const 1))))',
  'elem.drop': '(elem $s func $f) (func (elem.drop $s))',
  'data.drop': '(data $d "x") (func (data.drop $d))',
  start: '(start $f)',
};
for (const [what, code] of Object.entries(LASTING)) {
  test(`the build ends with a module of ours that has ${what}`, () => {
    const bytes = bytesOf(`(module (memory 1 1) (table $t 4 8 funcref) (elem declare func $f) (func $f) ${code})`);
    assert.throws(() => addReset(bytes), `the module has ${what}: what that changes cannot be put back after a run`);
  });
}

test.run();
