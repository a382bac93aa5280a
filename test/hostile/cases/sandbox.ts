// Out of the sandbox itself: memory that is not the module's, time, space, the stack, and what a start function may do.
// SPDX-License-Identifier: Apache-2.0

import { stamp } from '../../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../../sandbox/wat.ts';
import { CREATE, VETH_GRANT, type Case } from '../case.ts';

const outside = (name: string, body: string, operation: string): Case =>
  ({ name, grants: VETH_GRANT, body: `${CREATE} ${body} (i32.const 0)`, code: 103, says: /outside of its memory/, operation, object: /^memory \d+ \+ \d+$/ });
const trap = (name: string, body: string, says: RegExp, more = ''): Case =>
  ({ name, grants: VETH_GRANT, body: `${CREATE} ${body}`, more, code: 103, says, operation: 'link.create', object: /^cni_add$/ });
const slow = (name: string, body: string, more = '', operation = 'link.create'): Case =>
  ({ name, grants: VETH_GRANT, limits: { timeMs: 500 }, body: `${CREATE} ${body}`, more, code: 104, says: /ran longer than 500 ms/, operation, object: /^limits\.timeMs$/ });
const limit = (name: string, body: string, says: RegExp, object: RegExp, operation = 'link.create', limits: object = {}): Case =>
  ({ name, grants: VETH_GRANT, limits, body: `${CREATE} ${body}`, code: 105, says, operation, object });

/** Nested in its handlers, as deep as the stack is: gigabytes. */
const KEPT = `(tag $big (param ${'v128 '.repeat(100)})) (func $throw (throw $big ${'(v128.const i64x2 -1 -1) '.repeat(100)})) (func $keep (try (do (call $throw)) (catch_all (call $keep) (rethrow 0)))) (start $keep)`;

/** Runs at instantiation, or just before the entry. */
const early = (more: string): Case['bytes'] => stamp(bytesOf(`(module
  (import "cni:link/1" "create" (func $create (param i32 i32) (result i32)))
  (memory (export "memory") 1 1) (data (i32.const 1024) "{\\"name\\":\\"eth0\\",\\"kind\\":\\"veth\\",\\"peer\\":{\\"ns\\":\\"host\\"}}")
  (func (export "cni_abi_1")) ${more}
  (func (export "cni_add") (param i32) (result i32) (i32.const 0)))`), JSON.stringify({ abi: 1, name: 'early', version: '1.0.0', role: 'main', wants: VETH_GRANT }));

export const sandbox = (): Case[] => [
  outside('hands over a request behind the end of its memory', '(drop (call $create (i32.const 65530) (i32.const 100)))', 'link.create'),
  outside('hands over a request at a negative address', '(drop (call $create (i32.const -8) (i32.const 8)))', 'link.create'),
  outside('hands over a request whose length wraps around', '(drop (call $create (i32.const 16) (i32.const -16)))', 'link.create'),
  outside('has an answer written over the end of its memory', '(drop (call $take (i32.const 65535) (i32.const 1000)))', 'abi.take'),
  outside('sets a result it does not have', '(call $result (i32.const 0) (i32.const 0x7fffffff))', 'abi.result'),
  outside('sets an error it does not have', '(call $fail (i32.const -1) (i32.const -1))', 'abi.fail'),
  outside('logs the memory behind its own', '(call $log (i32.const 3) (i32.const 65536) (i32.const 1))', 'abi.log'),
  outside('fills the memory behind its own', '(call $random (i32.const 65000) (i32.const 10000))', 'abi.random'),
  { name: 'takes what it has taken already', grants: VETH_GRANT, body: `${CREATE} (drop (call $take (i32.const 4096) (i32.const 999))) (drop (call $take (i32.const 4096) (i32.const 999))) (i32.const 0)`, code: 103, says: /nothing waits/, operation: 'abi.take', object: /nothing waits/ },
  { name: 'asks for a clock that is none', grants: VETH_GRANT, body: `${CREATE} (drop (call $now (i32.const 7))) (i32.const 0)`, code: 103, says: /there is no clock 7/, operation: 'abi.now', object: /clock 7/ },
  trap('reads behind the end of its memory', '(i32.load (i32.const 0x7ffffff0))', /out of bounds/),
  trap('calls what is not in its table', '(call_indirect (result i32) (i32.const 5))', /table/, '(table 1 1 funcref)'),
  trap('calls a function as another type', '(call_indirect (result i32) (i32.const 0))', /signature|null function|table/, '(table 1 1 funcref) (elem (i32.const 0) $other) (func $other (param i64 i64))'),
  trap('runs out of stack', '(call $deep (i32.const 0))', /call stack/, '(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))'),
  trap('divides by nothing', '(i32.div_s (i32.const 1) (i32.const 0))', /divide by zero/),
  slow('loops for ever', '(loop $l (br $l)) (unreachable)'),
  slow('loops for ever in calls that are free', '(loop $l (drop (call $now (i32.const 1))) (br $l)) (unreachable)'),
  slow('fills its memory again and again', '(loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br $l)) (unreachable)'),
  slow('grows its table as far as it goes, and then loops', '(loop $g (br_if $g (i32.ge_s (table.grow $t (ref.func $filler) (i32.const 1000)) (i32.const 0)))) (loop $l (br $l)) (unreachable)', '(table $t 0 65536 funcref) (elem declare func $filler) (func $filler)'),
  limit('takes memory without end', '(loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) (unreachable)', /more memory than it may have/, /^limits\.memoryPages$/),
  limit('asks for operations without end', `(loop $l ${CREATE} (br $l)) (unreachable)`, /2001 operations in one call/, /^limits\.operations$/),
  limit('sets a result of megabytes', '(drop (memory.grow (i32.const 20))) (call $result (i32.const 0) (i32.const 300000)) (i32.const 0)', /result was given 300000 bytes, the limit is 262144/, /^limits\.resultBytes$/, 'abi.result'),
  limit('sets an error of megabytes', '(drop (memory.grow (i32.const 20))) (call $fail (i32.const 0) (i32.const 1100000)) (i32.const 1)', /fail was given 1100000 bytes/, /^limits\.messageBytes$/, 'abi.fail'),
  { name: 'asks with a request of megabytes', grants: VETH_GRANT, body: passing('(call $create (i32.const 0) (i32.const 1100000))'), pages: '32 32', code: 105, says: /request of 1100000 bytes/, operation: 'link.create', object: /^limits\.messageBytes$/ },
  { name: 'logs a million lines', grants: VETH_GRANT, body: `(local $i i32) ${CREATE} (loop $l (call $log (i32.const 3) (i32.const 1024) (i32.const 10)) (br_if $l (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000)))) (i32.const 1)`, code: 999, says: /did not say why/, operation: 'abi.log', object: /^limits\.logRecords$/ },
  { name: 'logs lines of megabytes', grants: VETH_GRANT, body: `${CREATE} (call $log (i32.const 3) (i32.const 0) (i32.const 1900000)) (i32.const 1)`, pages: '32 32', code: 999, says: /did not say why/, operation: 'abi.log', object: /^limits\.logBytes$/ },
  { name: 'throws exceptions of 1.6 KB each and keeps every one of them', bytes: early(KEPT)!, grants: VETH_GRANT, code: 100, says: /declares exceptions, which cannot be limited/, operation: 'load', object: /./ },
  { name: 'runs out of stack and catches that, again and again', bytes: early('(func $deep (try (do (call $deep)) (catch_all (call $deep))))')!, grants: VETH_GRANT, code: 100, says: /nothing could limit it: it has the instruction 0x06/, operation: 'load', object: /./ },
  { name: 'asks for operations without end and catches the refusal', bytes: early(`(func (export "_initialize") (loop $l (try (do ${CREATE}) (catch_all)) (br $l)))`)!, grants: VETH_GRANT, code: 100, says: /nothing could limit it: it has the instruction 0x06/, operation: 'load', object: /./ },
  { name: 'has thousands of locals at thousands of blocks, which V8 writes down all', bytes: early(`(func $many (local ${'i64 '.repeat(5000)}) ${'(if (i32.const 0) (then))'.repeat(1000)}) (start $many)`)!, grants: VETH_GRANT, code: 100, says: /nothing could limit it: its function \d has \d+ locals/, operation: 'load', object: /./ },
  { name: 'has thousands of locals at a table of thousands of branches, at each of which V8 writes down all', bytes: early(`(func $many (local ${'i64 '.repeat(5000)}) (block $b (br_table ${'$b '.repeat(1000)} (i32.const 0)))) (start $many)`)!, grants: VETH_GRANT, code: 100, says: /nothing could limit it: its function \d has \d+ locals/, operation: 'load', object: /./ },
  { name: 'has a function that gives a thousand values, all of which V8 keeps for each call of two bytes', bytes: early(`(func $thousand (result ${'i64 '.repeat(1000)}) (unreachable))`)!, grants: VETH_GRANT, code: 100, says: /has a type with 1000 results, at most 16 may be/, operation: 'load', object: /./ },
  { name: 'has a function that takes a thousand values, as do blocks in blocks of its type, at each of which V8 keeps all', bytes: early(`(func $thousand (param ${'i64 '.repeat(1000)}))`)!, grants: VETH_GRANT, code: 100, says: /has a type with 1000 parameters, at most 100 may be/, operation: 'load', object: /./ },
  { name: 'has thousands of locals at tens of thousands of calls, at which V8 looks at all', bytes: early(`(func $none) (func $calls (local ${'i64 '.repeat(5000)}) ${'(call $none)'.repeat(60_000)}) (start $calls)`)!, grants: VETH_GRANT, code: 100, says: /nothing could limit it: its function \d has \d+ locals and values on the stack at its calls/, operation: 'load', object: /./ },
  { name: 'has a function of a megabyte, which V8 would optimise', bytes: early(`(func $long ${'(drop (i32.load (i32.const 0)))'.repeat(150_000)}) (start $long)`)!, grants: VETH_GRANT, code: 100, says: /nothing could limit it: its function \d has \d+ bytes/, operation: 'load', object: /./ },
  { name: 'has so many types that V8, which keeps them, ends the process or does not come to an end', bytes: early(Array.from({ length: 1001 }, (_, i) => `(func (param ${[...i.toString(2)].map((digit) => (digit === '1' ? 'i64' : 'i32')).join(' ')}))`).join(''))!, grants: VETH_GRANT, code: 100, says: /has \d+ types, at most 1000 may be/, operation: 'load', object: /./ },
  { name: 'has so many globals that V8 takes gigabytes to read them', bytes: early('(global (mut i64) (i64.const 0))'.repeat(10_001))!, grants: VETH_GRANT, code: 100, says: /has 10001 globals/, operation: 'load', object: /./ },
  { name: 'loops in its start function', bytes: early('(func $s (loop $l (br $l))) (start $s)')!, grants: VETH_GRANT, limits: { timeMs: 500 }, code: 104, says: /ran longer/, operation: 'cni_add', object: /^limits\.timeMs$/ },
  { name: 'asks for an operation in its start function, before its memory is known', bytes: early('(func $s (drop (call $create (i32.const 1024) (i32.const 50)))) (start $s)')!, grants: VETH_GRANT, code: 103, says: /outside of its memory of 0 bytes/, operation: 'link.create', object: /^memory/ },
  { name: 'makes a link in _initialize and then loops there', bytes: early('(func (export "_initialize") (drop (call $create (i32.const 1024) (i32.const 50))) (loop $l (br $l)))')!, grants: VETH_GRANT, limits: { timeMs: 500 }, code: 104, says: /ran longer/, operation: 'link.create', object: /^limits\.timeMs$/ },
  { name: 'places its data behind the end of its memory', bytes: early('(data (i32.const 65530) "0123456789")')!, grants: VETH_GRANT, code: 103, says: /data segment/, operation: 'cni_add', object: /^cni_add$/ },
  { name: 'runs itself as its own IPAM plugin, and so on', grants: { delegate: ['ipam'] }, conf: { ipam: { type: 'SELF' } }, asks: [['delegate.call', { verb: 'ADD' }]], code: 101, says: /a delegate cannot delegate/, operation: 'delegate.call', object: /^hostile-/ },
];

function passing(call: string): string {
  return `(local $n i32) ${CREATE} (local.set $n ${call}) (call $fail (i32.const 4096) (call $take (i32.const 4096) (i32.sub (i32.const 0) (local.get $n)))) (i32.const 1)`;
}
