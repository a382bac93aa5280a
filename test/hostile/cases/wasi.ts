// Through WASI, which gives a program no more than what it needs to start, to print and to end.
// SPDX-License-Identifier: Apache-2.0

import { stamp } from '../../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../../sandbox/wat.ts';
import { VETH_GRANT, type Case } from '../case.ts';

const NOT_CAPABLE = 76;
const BAD_FD = 8;

/** By their parameters; all of them answer with an errno. */
const FUNCTIONS = {
  path_open: 'i32 i32 i32 i32 i32 i64 i64 i32 i32', path_unlink_file: 'i32 i32 i32',
  fd_read: 'i32 i32 i32 i32', fd_readdir: 'i32 i32 i32 i64 i32', fd_write: 'i32 i32 i32 i32', fd_fdstat_get: 'i32 i32',
  sock_send: 'i32 i32 i32 i32 i32',
  proc_raise: 'i32', poll_oneoff: 'i32 i32 i32 i32', clock_time_get: 'i32 i64 i32', random_get: 'i32 i32', environ_get: 'i32 i32',
} as const;
type Name = keyof typeof FUNCTIONS;

const MANIFEST = { abi: 1, name: 'wasi', version: '1.0.0', role: 'main', wants: VETH_GRANT };
const VETH = '{"name":"eth0","kind":"veth","peer":{"ns":"host"}}';

/** Makes a veth pair, then `body`: what it made is to be taken back. */
function program(name: Name, body: string, more = ''): Pick<Case, 'bytes' | 'grants'> {
  return {
    grants: VETH_GRANT,
    bytes: stamp(bytesOf(`(module
      (import "cni:link/1" "create" (func $create (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "${name}" (func $ask (param ${FUNCTIONS[name]}) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1 1) (data (i32.const 1024) "${VETH.replaceAll('"', '\\"')}")
      (func (export "cni_abi_1")) ${more}
      (func (export "cni_add") (param i32) (result i32) (drop (call $create (i32.const 1024) (i32.const ${VETH.length}))) ${body}))`), JSON.stringify(MANIFEST)),
  };
}

const nines = (name: Name): string => FUNCTIONS[name].split(' ').map((type) => `(${type}.const 9)`).join(' ');
const ask = (...args: number[]): string => `(call $ask ${args.map((arg) => `(i32.const ${arg})`).join(' ')})`;

/** Leaves with the errno that it was answered with. */
const refused = (name: Name): Case =>
  ({ name: `asks WASI for ${name}`, ...program(name, `(call $exit (call $ask ${nines(name)})) (unreachable)`), code: 999, says: new RegExp(`exited with status ${NOT_CAPABLE}`), operation: `wasi.${name}`, object: new RegExp(`^${name}$`) });
const noFile = (what: string, name: Name, args: number[]): Case =>
  ({ name: what, ...program(name, `(call $exit ${ask(...args)}) (unreachable)`), code: 999, says: new RegExp(`exited with status ${BAD_FD}`) });
const outside = (what: string, name: Name, body: string): Case =>
  ({ name: what, ...program(name, `(drop ${body}) (i32.const 0)`), code: 103, says: /memory|bounds/, operation: `wasi.${name}`, object: /./ });

const imports = (what: string, name: string, type: string, says: RegExp): Case => ({
  name: what, code: 100, says, operation: 'load', object: new RegExp(`^wasi_snapshot_preview1 ${name}$`),
  bytes: stamp(bytesOf(`(module (import "wasi_snapshot_preview1" "${name}" (func ${type})) (memory (export "memory") 1 1)
    (func (export "cni_abi_1")) (func (export "cni_add") (param i32) (result i32) (i32.const 0)))`), JSON.stringify({ ...MANIFEST, wants: {} })),
});

export const wasi = (): Case[] => [
  imports('has WASI make it an object of the host', 'constructor', '(param i32) (result externref)', /imports function "wasi_snapshot_preview1" "constructor"/),
  imports('asks WASI for what it does not have', 'exec', '(param i32) (result i32)', /imports function "wasi_snapshot_preview1" "exec"/),
  imports('has a type of its own for a function of WASI', 'fd_close', '(param i64) (result i32)', /with the signature i64 -> i32, it has i32 -> i32/),
  ...(['path_open', 'path_unlink_file', 'fd_read', 'fd_readdir', 'sock_send', 'proc_raise', 'poll_oneoff'] as const).map(refused),
  noFile('writes to a file descriptor of the host', 'fd_write', [5, 0, 1, 64]),
  noFile('asks what the socket of the host is', 'fd_fdstat_get', [3, 64]),
  outside('has randomness written behind its memory', 'random_get', ask(65_000, 10_000)),
  outside('has the time written behind its memory', 'clock_time_get', '(call $ask (i32.const 1) (i64.const 0) (i32.const 65530))'),
  { name: 'asks for the time without end', ...program('clock_time_get', '(loop $l (drop (call $ask (i32.const 1) (i64.const 0) (i32.const 64))) (br $l)) (unreachable)'), limits: { operations: 50 }, code: 105, says: /51 operations in one call/, operation: 'wasi.clock_time_get', object: /^limits\.operations$/ },
  { name: 'ends itself from deep inside', ...program('random_get', '(call $deep (i32.const 1000)) (i32.const 0)', '(func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (call $exit (i32.const 3)))))'), code: 999, says: /exited with status 3/ },
  outside('prints what lies behind its memory', 'fd_write', `(block (result i32) (i32.store (i32.const 8) (i32.const 65000)) (i32.store (i32.const 12) (i32.const 100000)) ${ask(1, 8, 1, 64)})`),
  outside('prints two thousand million texts', 'fd_write', ask(1, 8, 0x7fffffff, 64)),
  outside('has written behind its memory how much it printed', 'fd_write', ask(1, 8, 0, 65_534)),
  { name: 'prints all of its memory thousands of times at once', ...program('fd_write', `(call $fill) (call $exit ${ask(2, 2048, 7000, 64_500)}) (unreachable)`, '(func $fill (local $i i32) (loop $l (i32.store offset=2052 (i32.shl (local.get $i) (i32.const 3)) (i32.const 65536)) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 7000)))))'), code: 999, says: /gave no result/, operation: 'abi.log', object: /^limits\.logBytes$/ },
];
