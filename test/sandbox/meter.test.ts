// The count in a module's code: whatever a guest spins with, it ends; whatever else it does, it does as before.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODE } from '../../host/cni-error.ts';
import { UnknownInstruction } from '../../host/sandbox/instructions.ts';
import { meter } from '../../host/sandbox/meter.ts';
import { bytesOf, play, plugin } from './wat.ts';

const TICK = (module: WebAssembly.Module): number => WebAssembly.Module.imports(module).filter(({ module: from, name }) => from === 'cni:abi/1' && name === 'tick').length;

test('our modules have it since they were built', () => {
  const names = readdirSync('dist/plugins');
  assert.ok(names.length >= 5);
  for (const name of names) assert.is(TICK(new WebAssembly.Module(readFileSync(`dist/plugins/${name}`) as BufferSource)), 1, name);
});

test('the bytes it is given stay as they are', () => {
  const bytes = readFileSync('dist/plugins/loopback.wasm');
  const before = Buffer.from(bytes);
  meter(bytes);
  assert.ok(bytes.equals(before));
});

test('a module that has it can be given it again', () => {
  const twice = meter(meter(bytesOf('(module (func (export "f") (loop $l (br $l))))')));
  assert.is(TICK(new WebAssembly.Module(twice as BufferSource)), 2);
});

const SPINS: Record<string, string | { body: string; more: string }> = {
  'a loop': '(loop $l (br $l))',
  'a loop that is left and begun anew': '(loop $l (block $b (loop $m (br_if $m (i32.eqz (local.get $len))) (br $b))) (br $l))',
  'a loop with a value': '(drop (loop $l (result i32) (br $l)))',
  'a table of branches': '(loop $l (br_table $l $l (local.get $len)))',
  'a tail call': { body: '(return_call $again (i32.const 0))', more: '(func $again (param i32) (result i32) (return_call $again (local.get 0)))' },
  'a tail call through a table': { body: '(return_call_indirect (type $t) (i32.const 0) (i32.const 0))', more: '(type $t (func (param i32) (result i32))) (table 1 1 funcref) (elem (i32.const 0) $again) (func $again (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 0)))' },
  'a tree of calls': { body: '(return (call $tree (i32.const 60)))', more: '(func $tree (param i32) (result i32) (if (local.get 0) (then (drop (call $tree (i32.sub (local.get 0) (i32.const 1)))) (drop (call $tree (i32.sub (local.get 0) (i32.const 1)))))) (i32.const 0))' },
  'memory that it fills': '(loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536)) (br $l))',
  'memory that it copies': '(loop $l (memory.copy (i32.const 0) (i32.const 1) (i32.const 60000)) (br $l))',
  'random bytes': '(loop $l (call $random (i32.const 0) (i32.const 65536)) (br $l))',
};

for (const [with_, spin] of Object.entries(SPINS)) {
  test(`it spins with ${with_}`, () => {
    const { body, more } = typeof spin === 'string' ? { body: spin, more: '' } : spin;
    const { error } = play(plugin(`${body} (unreachable)`, { more }), { limits: { timeMs: 60 } });
    assert.is(error?.code, CODE.timeLimit, error?.message);
  });
}

test('one long piece of code without a loop, again and again', () => {
  const { error } = play(plugin('(loop $l (call $long) (br $l)) (unreachable)', { more: `(func $long ${'(i64.store (i32.const 0) (i64.div_u (i64.load (i32.const 8)) (i64.const 3)))'.repeat(15_000)})` }), { limits: { timeMs: 60 } });
  assert.is(error?.code, CODE.timeLimit, error?.message);
});

test('it asks for its time itself, and goes on when there is none', () => {
  const { error } = play(plugin('(loop $l (br_if $l (call $tick))) (i32.const 0)', { imports: '(import "cni:abi/1" "tick" (func $tick (result i32)))' }), { limits: { timeMs: 60 } });
  assert.is(error?.code, CODE.timeLimit);
});

const OF_EXCEPTIONS: Record<string, string> = {
  'throws one': '(throw $oops)',
  'catches one': '(try (do) (catch $oops))',
  'catches whatever its imports throw, for which it needs to declare none': '(try (do) (catch_all))',
  'passes on what it has caught': '(try (do) (catch_all (rethrow 0)))',
  'leaves them to somebody else': '(try $outer (do (try (do) (delegate $outer))) (catch_all))',
};
for (const [does, body] of Object.entries(OF_EXCEPTIONS)) {
  test(`no exceptions, which nothing could limit: it ${does}`, () => {
    const bytes = bytesOf(`(module (tag $oops) (func ${body}))`);
    assert.ok(WebAssembly.validate(bytes as BufferSource));
    assert.throws(() => meter(bytes), (error: unknown) => error instanceof UnknownInstruction && /the instruction 0x0[68],/.test(error.message));
  });
}

/** Something of everything that has a number of a function in it, or something unusual behind its opcode. */
const EVERYTHING = `(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "seen" (func $seen (param i32)))
  (global $named (mut funcref) (ref.func $double))
  (global $base i32 (i32.const 100))
  (table $t 8 16 funcref)
  (table $u 4 4 externref)
  (memory (export "memory") 1 2)
  (elem (table $t) (i32.const 0) func $double $triple)
  (elem $later func $triple $double)
  (elem declare func $started)
  (elem (table $t) (i32.const 4) funcref (ref.func $double) (ref.func $triple))
  (data $text "0123456789")
  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $triple (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (func $started (call $seen (i32.const 1)))
  (start $started)
  (func (export "sum") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $l (local.set $sum (i32.add (local.get $sum) (local.get $i))) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func (export "indirect") (param $which i32) (result i32) (call_indirect $t (type $unary) (i32.const 7) (local.get $which)))
  (func (export "tables") (result i32)
    (table.init $t $later (i32.const 2) (i32.const 0) (i32.const 2))
    (table.copy $t $t (i32.const 6) (i32.const 2) (i32.const 2))
    (drop (table.grow $t (ref.func $double) (i32.const 3)))
    (table.fill $t (i32.const 8) (ref.func $triple) (i32.const 2))
    (table.set $t (i32.const 5) (global.get $named))
    (elem.drop $later)
    (i32.add (i32.mul (table.size $t) (i32.const 100)) (i32.add (call_indirect $t (type $unary) (i32.const 1) (i32.const 6)) (call_indirect $t (type $unary) (i32.const 1) (i32.const 5)))))
  (func (export "memories") (result i64)
    (memory.init $text (i32.const 8) (i32.const 2) (i32.const 8)) (data.drop $text)
    (memory.copy (i32.const 16) (i32.const 8) (i32.const 4))
    (memory.fill (i32.const 20) (i32.const 65) (i32.const 4))
    (drop (memory.grow (i32.const 1)))
    (i64.xor (i64.load offset=8 align=1 (i32.const 0)) (i64.load offset=300 (i32.const 16))))
  (func (export "vectors") (result i32) (local $v v128)
    (local.set $v (i8x16.shuffle 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 (v128.const i32x4 1 2 3 4) (v128.load (i32.const 0))))
    (v128.store64_lane 1 (i32.const 32) (local.get $v))
    (local.set $v (v128.load32_zero (i32.const 36)))
    (i32.add (i32x4.extract_lane 0 (local.get $v)) (i8x16.extract_lane_u 3 (i8x16.replace_lane 3 (local.get $v) (i32.const 9)))))
  (func (export "atomic") (result i32) (i32.atomic.store (i32.const 64) (i32.const 5)) (atomic.fence) (i32.add (i32.atomic.rmw.add (i32.const 64) (i32.const 2)) (i32.atomic.load (i32.const 64))))
  (func (export "numbers") (result f64)
    (f64.add (f64.const 1.5) (f64.promote_f32 (f32.add (f32.const 2.25) (f32.convert_i32_s (i32.trunc_sat_f64_s (f64.const 1e20)))))))
  (func (export "several") (param i32) (result i32 i64) (block (result i32 i64) (i32.const -1234567) (i64.const 0x7edcba9876543210) (br_if 0 (local.get 0))))
  (func (export "references") (result i32) (i32.add (ref.is_null (table.get $u (i32.const 0))) (ref.is_null (select (result funcref) (ref.func $double) (table.get $t (i32.const 7)) (i32.const 0)))))
)`;

test('whatever else a module does, it does as before', () => {
  const bytes = bytesOf(EVERYTHING);
  const [before, after] = [bytes, meter(bytes)].map((code) => {
    const seen: number[] = [];
    let asked = 0;
    const tick = (): number => {
      asked++;
      return 50;
    };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code as BufferSource), { env: { seen: (n: number) => seen.push(n) }, 'cni:abi/1': { tick } });
    const call = (name: string, ...args: unknown[]): unknown => (exports[name] as (...all: unknown[]) => unknown)(...args);
    const said = [
      call('sum', 1000), call('indirect', 0), call('indirect', 1), call('indirect', 4), call('tables'), call('memories'), call('vectors'), call('atomic'), call('numbers'),
      call('several', 0), call('several', 1), call('references'), [...seen],
    ];
    return { said, asked, names: Object.keys(exports) };
  });
  assert.equal(after!.said, before!.said);
  assert.equal(after!.names, before!.names);
  assert.is(before!.asked, 0);
  assert.ok(after!.asked > 10, `asked ${after!.asked} times`);
});

test('modules of other compilers are valid with it', () => {
  const folder = 'node_modules/@wasmer/wasi/tests';
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  assert.ok(names.length > 2);
  for (const name of names) assert.is(TICK(new WebAssembly.Module(meter(readFileSync(`${folder}/${name}`)) as BufferSource)), 1, name);
});

test('numbers of functions that need a byte more', () => {
  const functions = Array.from({ length: 300 }, (_, i) => `(func $f${i} (result i32) (i32.const ${i}))`).join('\n');
  const bytes = bytesOf(`(module (table 300 300 funcref) (elem (i32.const 0) func ${Array.from({ length: 300 }, (_, i) => `$f${i}`).join(' ')}) ${functions}
    (func (export "sum") (result i32) (i32.add (call $f126) (i32.add (call $f127) (call $f128))))
    (func (export "at") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`);
  const { exports: { sum, at } } = new WebAssembly.Instance(new WebAssembly.Module(meter(bytes) as BufferSource), { 'cni:abi/1': { tick: () => 1000 } });
  assert.is((sum as () => number)(), 381);
  for (const i of [0, 126, 127, 128, 299]) assert.is((at as (which: number) => number)(i), i);
});

test.run();
