// Guests that do what no plugin may, each alone: the host says what happened and goes on.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import type { GuestModule } from '../../host/sandbox/guest-module.ts';
import { moduleOf, play, plugin, size, type Played, type Rules } from './wat.ts';

const RESULT = '{"interfaces":[{"name":"eth0","sandbox":"container"}]}';
const good = plugin(`(call $result ${size(RESULT)}) (i32.const 0)`, { data: RESULT });

/** Ends with this code and a message or details that match; afterwards the process runs a good guest. */
function ends(module: GuestModule, code: number, words: RegExp, rules?: Rules): Played {
  const played = play(module, rules);
  assert.instance(played.error, CniError);
  assert.is(played.error!.code, code, played.error!.message);
  assert.match(`${played.error!.message} | ${played.error!.facts.details ?? ''}`, words);
  assert.equal(play(good).result, { interfaces: [{ name: 'eth0', sandbox: 'container' }] });
  return played;
}

test('a good guest', () => {
  assert.equal(play(good).result, { interfaces: [{ name: 'eth0', sandbox: 'container' }] });
});

test('an endless loop ends close to its limit', () => {
  const { ms } = ends(plugin('(loop $forever (br $forever)) (i32.const 0)'), CODE.timeLimit, /"acme" ran longer than 150 ms in cni_add/, { limits: { timeMs: 150 } });
  assert.ok(ms >= 149 && ms < 1500, `${ms} ms`);
});

test('a limit that is longer than Node can count', () => {
  assert.equal(play(good, { limits: { timeMs: 2 ** 40 } }).error, undefined);
});

test('an endless loop in the start function is under the deadline too', () => {
  const module = moduleOf('(module (memory (export "memory") 1 1) (func $spin (loop $forever (br $forever))) (start $spin) (func (export "cni_add") (param i32) (result i32) (i32.const 0)))');
  ends(module, CODE.timeLimit, /ran longer/, { limits: { timeMs: 100 } });
});

test('an endless loop of host calls', () => {
  ends(plugin('(loop $forever (drop (call $now (i32.const 1))) (br $forever)) (i32.const 0)'), CODE.timeLimit, /ran longer/, { limits: { timeMs: 100 } });
});

const GROW = '(loop $more (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) unreachable';
test('a configuration that has no room in its memory: it asks for all of that at once, and is refused', () => {
  const takes = plugin('(if (i32.lt_s (memory.grow (i32.div_u (local.get $len) (i32.const 65536))) (i32.const 0)) (then unreachable)) (i32.const 1)');
  ends(takes, CODE.limit, /needs more memory than it may have .*it was given 5000000 bytes/, { request: 'x'.repeat(5_000_000) });
});

test('a memory bomb', () => {
  ends(plugin(GROW), CODE.limit, /needs more memory than it may have/);
});

test('unreachable', () => {
  ends(plugin('unreachable'), CODE.trap, /"acme" trapped in cni_add: unreachable \| before its first operation/);
  ends(plugin('unreachable', { pages: '4 4' }), CODE.trap, /unreachable/);
});

test('a trap says after which operation, and the last words', () => {
  const data = '{"name":"v1","kind":"veth"}boom';
  const body = `(drop (call $create (i32.const 1024) (i32.const 27))) (call $log (i32.const 3) (i32.const 1051) (i32.const 4)) (i32.div_s (i32.const 1) (i32.const 0))`;
  ends(plugin(body, { data }), CODE.trap, /divide by zero \| after operation 1 \(link\.create\); it said: boom/);
});

test('endless recursion', () => {
  ends(plugin('(call $deep (local.get $len))', { more: '(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))' }), CODE.trap, /call stack/);
});

const POINTERS: readonly [string, string][] = [
  ['take', '(drop (call $take (i32.const -1) (i32.const 64)))'],
  ['take', '(drop (call $take (i32.const 262140) (i32.const 64)))'],
  ['result', '(call $result (i32.const 65536) (i32.const 1))'],
  ['fail', '(call $fail (i32.const 1) (i32.const -1))'],
  ['log', '(call $log (i32.const 1) (i32.const -2147483648) (i32.const 1))'],
  ['random', '(call $random (i32.const 65000) (i32.const 1000))'],
  ['grants', '(drop (call $grants (i32.const -1) (i32.const 2)))'],
  ['link\\.create', '(drop (call $create (i32.const -1) (i32.const -1)))'],
  ['link\\.get', '(drop (call $get (i32.const 65535) (i32.const 2)))'],
];
for (const [name, call] of POINTERS) {
  test(`a pointer out of range: ${call}`, () => {
    const { asked } = ends(plugin(`${call} (i32.const 0)`), CODE.trap, new RegExp(`${name}: \\d+ bytes at \\d+ are outside of its memory`));
    assert.is(asked.length, 0);
  });
}

test('take twice', () => {
  ends(plugin('(drop (call $take (i32.const 0) (i32.const 99))) (drop (call $take (i32.const 0) (i32.const 99))) (i32.const 0)'), CODE.trap, /take: nothing waits/);
});

test('take with too little room copies nothing and says how much', () => {
  const module = plugin('(i32.store (i32.const 0) (call $take (i32.const 2048) (i32.const 3))) (if (i32.ne (i32.load (i32.const 2048)) (i32.const 0)) (then unreachable)) (i32.add (call $take (i32.const 2048) (i32.const 14)) (i32.load (i32.const 0)))');
  assert.is(play(module).error, undefined);
});

test('what is no request is answered with `invalid`', () => {
  const said = (bytes: string): unknown => {
    const text = bytes.replace(/\\[0-9a-f]{2}/g, 'x');
    const body = `(local $n i32) (local.set $n (call $create (i32.const 3000) (i32.const ${text.length}))) (local.set $n (call $take (i32.const 4096) (i32.sub (i32.const 0) (local.get $n)))) (call $fail (i32.const 4096) (local.get $n)) (i32.const 1)`;
    return play(plugin(body, { more: `(data (i32.const 3000) "${bytes.replace(/"/g, '\\"')}")` })).error?.message;
  };
  assert.match(String(said('{"name":"\\ff","kind":"veth"}')), /link\.create: invalid UTF-8/);
  assert.match(String(said('{"name":')), /link\.create: unexpected end of JSON input/);
  assert.match(String(said('[]')), /link\.create: expected an object/);
  assert.match(String(said('{"name":"v1","kind":"veth","nmae":"x"}')), /unknown field "nmae"/);
  assert.match(String(said('{"name":"v1"}')), /needs "kind"/);
  assert.match(String(said('{"name":"v1","kind":"veth","mtu":1.5}')), /mtu must be an integer/);
  assert.match(String(said('{"name":"v1","kind":"veth","mtu":9007199254740993}')), /mtu must be an integer/);
  assert.match(String(said('{"name":"v1","kind":"veth","__proto__":{}}')), /unknown field "__proto__"/);
  assert.match(String(said('{"a":'.repeat(70) + '1' + '}'.repeat(70))), /nested deeper/);
});

test('messages over their limits', () => {
  const length = '(i32.const 0) (i32.const 60000)';
  ends(plugin(`(call $result ${length}) (i32.const 0)`), CODE.limit, /result was given 60000 bytes, the limit is 50000/, { limits: { resultBytes: 50000 } });
  ends(plugin(`(call $fail ${length}) (i32.const 1)`), CODE.limit, /fail was given 60000 bytes/, { limits: { messageBytes: 50000 } });
  const { asked } = play(plugin(`(i32.gt_s (call $create ${length}) (i32.const 0))`), { limits: { messageBytes: 50000 } });
  assert.is(asked.length, 0);
});

test('a result that is none', () => {
  ends(plugin(`(call $result ${size('hello')}) (i32.const 0)`, { data: 'hello' }), CODE.plugin, /"acme" set a result that is none: invalid character 'h'/);
  const results: [string, RegExp][] = [
    ['{"ips":[{"address":"10.1.0.5"}]}', /invalid CIDR address: 10\.1\.0\.5/], ['{"ips":[{"address":["10.1.0.5/24"]}]}', /invalid CIDR address/],
    ['{"ips":[{"address":"10.1.0.5/24","interface":1e308}]}', /"interface" must be an integer/], ['{"ips":[{"address":"10.1.0.5/24","interface":0.5}]}', /"interface" must be an integer/],
    ['{"interfaces":[{"name":"eth0","mtu":9007199254740993}]}', /"mtu" must be an integer/], ['{"interfaces":[{"name":"\\u001b[2Jeth0"}]}', /a control character in "\\u001b\[2Jeth0"/],
    ['{"dns":{"options":["ndots:1\\tx"]}}', /a control character in/],
  ];
  for (const [data, says] of results) ends(plugin(`(call $result ${size(data)}) (i32.const 0)`, { data }), CODE.plugin, says);
});

test('the error a guest sets is the call\'s', () => {
  const data = '{"code":11,"msg":"try again","details":"later"}';
  const { error } = ends(plugin(`(call $fail ${size(data)}) (i32.const 7)`, { data }), 11, /^try again \| later$/);
  assert.is(error!.message, 'try again');
  ends(plugin(`(call $fail ${size('nope')}) (i32.const 7)`, { data: 'nope' }), CODE.plugin, /its error is none.*\| nope/);
  for (const none of ['{"code":-768,"msg":"no"}', '{"code":4294967296,"msg":"no"}', '{"code":1.5,"msg":"no"}', '{"code":"11","msg":"no"}', '{"code":11}']) {
    ends(plugin(`(call $fail ${size(none)}) (i32.const 7)`, { data: none }), CODE.plugin, /its error is none/);
  }
  ends(plugin('(i32.const 7)'), CODE.plugin, /did not say why; cni_add must call cni:abi\/1\.fail/);
});

test('too many operations', () => {
  const data = '{"name":"v1","kind":"veth"}';
  const { asked } = ends(plugin(`(loop $on (drop (call $create ${size(data)})) (br $on)) (i32.const 0)`, { data }), CODE.limit, /51 operations in one call, the limit is 50/, { limits: { operations: 50 } });
  assert.is(asked.length, 50);
});

test('a log flood is cut and said to be', () => {
  const { logged, error } = play(plugin('(local $i i32) (loop $on (call $log (i32.const 1) (i32.const 1024) (i32.const 5)) (br_if $on (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000)))) (i32.const 0)', { data: 'hello' }));
  assert.is(error, undefined);
  assert.is(logged.length, 1001);
  assert.match(logged[1000]!.text, /full at 1000 records/);
  const bytes = play(plugin('(call $log (i32.const 1) (i32.const 0) (i32.const 65000)) (call $log (i32.const 1) (i32.const 0) (i32.const 65000)) (call $log (i32.const 1) (i32.const 0) (i32.const 65000)) (i32.const 0)'));
  assert.is(bytes.logged.reduce((sum, { text }) => sum + text.length, 0) < 66_000, true);
});

test('an operation that throws: data when it is a CNI error, the end when it is a bug', () => {
  const data = '{"name":"v1","kind":"veth"}';
  const passOn = `(local $n i32) (local.set $n (i32.sub (i32.const 0) (call $create ${size(data)}))) (drop (call $take (i32.const 4096) (local.get $n))) (call $fail (i32.const 4096) (local.get $n)) (i32.const 1)`;
  const taken = (): never => { throw new CniError(CODE.kernel, 'name is taken', { kind: 'exists', errno: 'EEXIST', at: 'host:v1', hint: 'use another', details: 'd' }); };
  ends(plugin(passOn, { data }), CODE.kernel, /^name is taken \| d$/, { perform: taken });
  ends(plugin(passOn, { data }), CODE.hostInternal, /"acme", link\.create: no such thing/, { perform: () => { throw new TypeError('no such thing'); } });
});

test('an operation that was not granted answers `denied`', () => {
  const data = '{"name":"v1","kind":"veth"}';
  const { asked, error } = play(plugin(`(local $n i32) (local.set $n (i32.sub (i32.const 0) (call $create ${size(data)}))) (drop (call $take (i32.const 4096) (local.get $n))) (call $fail (i32.const 4096) (local.get $n)) (i32.const 1)`, { data }), { granted: new Set(['link.get']) });
  assert.is(error!.code, CODE.capabilityDenied);
  assert.match(error!.message, /link\.create is not granted/);
  assert.is(asked.length, 0);
});

test('an answer that is too large is an error to the guest', () => {
  const data = '{"name":"v1","kind":"veth"}';
  const { error } = play(plugin(`(i32.gt_s (call $create ${size(data)}) (i32.const 0))`, { data }), { limits: { messageBytes: 1000 }, perform: () => ({ text: 'x'.repeat(5000) }) });
  assert.is(error, undefined);
});

test('a guest inside an operation of another: the inner one ends in time, the outer one hears of it', () => {
  const data = '{"name":"v1","kind":"veth"}';
  const spin = plugin('(loop $forever (br $forever)) (i32.const 0)');
  const outer = plugin(`(if (i32.gt_s (call $create ${size(data)}) (i32.const 0)) (then unreachable)) (call $result (i32.const 1024) (i32.const 2)) (i32.const 0)`, { data: `${data}` });
  const codes: unknown[] = [];
  const nested = (timeMs: number) => () => {
    const { error } = play(spin, { limits: { timeMs } });
    codes.push(error?.code);
    throw error!;
  };
  const short = play(outer, { perform: nested(100), limits: { timeMs: 2000 } });
  assert.is(short.error?.code, CODE.plugin, short.error?.message);
  // An inner limit beyond the outer one is cut to end before it.
  const long = play(outer, { perform: nested(60_000), limits: { timeMs: 400 } });
  assert.is(long.error?.code, CODE.plugin, long.error?.message);
  assert.equal(codes, [CODE.timeLimit, CODE.timeLimit]);
  assert.ok(long.ms < 1500);
  assert.equal(Object.getOwnPropertySymbols(globalThis).map(String).filter((name) => name.includes('cni-wasm') && (globalThis as Record<symbol, unknown>)[Symbol.for('cni-wasm.running')] !== undefined), []);
});

test('an outer guest that spins after an inner one has ended', () => {
  const data = '{"name":"v1","kind":"veth"}';
  const outer = plugin(`(drop (call $create ${size(data)})) (loop $forever (br $forever)) (i32.const 0)`, { data });
  ends(outer, CODE.timeLimit, /after operation 1/, { perform: () => play(good).result!, limits: { timeMs: 200 } });
});

test('a blocking operation is not interrupted; once it is over, nothing of the call goes on', () => {
  const data = '{"name":"v1","kind":"veth"}';
  let finished = 0;
  const slow = (): object => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    finished++;
    return {};
  };
  const create = `(drop (call $create ${size(data)}))`;
  for (const rest of ['', create, '(loop $l (br $l))']) {
    finished = 0;
    ends(plugin(`${create} ${rest} (i32.const 0)`, { data }), CODE.timeLimit, /ran longer/, { perform: slow, limits: { timeMs: 100 } });
    assert.is(finished, 1, rest);
  }
});

test('entries of another type', () => {
  ends(moduleOf('(module (memory (export "memory") 1 1) (func (export "cni_add") (param i64) (result i32) (i32.const 0)))'), CODE.trap, /BigInt/);
  ends(moduleOf('(module (memory (export "memory") 1 1) (func (export "cni_add") (param i32)))'), CODE.trap, /must return an i32/);
  ends(moduleOf('(module (memory (export "memory") 1 1) (func (export "cni_add") (param i32) (result i32 i32) (i32.const 0) (i32.const 0)))'), CODE.trap, /must return an i32/);
  ends(moduleOf('(module (memory (export "memory") 1 1))'), CODE.moduleRefused, /exports no function cni_add/);
  ends(moduleOf('(module (func (export "cni_add") (param i32) (result i32) (i32.const 0)))'), CODE.moduleRefused, /exports no memory/);
  ends(moduleOf('(module (import "env" "abort" (func)) (memory (export "memory") 1 1))'), CODE.moduleRefused, /cannot be linked/);
  ends(moduleOf('(module (import "cni:link/1" "create" (func $c (param i64 i64) (result i64))) (memory (export "memory") 1 1) (func (export "cni_add") (param i32) (result i32) (drop (call $c (i64.const 1) (i64.const 2))) (i32.const 0)))'), CODE.hostInternal, /BigInt/);
  ends(moduleOf('(module (import "cni:abi/1" "log" (func $log (param i32 i32 i32))) (memory (export "memory") 1 1) (func $first (call $log (i32.const 1) (i32.const 0) (i32.const 4))) (start $first) (func (export "cni_add") (param i32) (result i32) (i32.const 0)))'), CODE.trap, /outside of its memory of 0 bytes/);
});

test('_initialize runs once, before the entry', () => {
  const module = plugin('(i32.ne (i32.load (i32.const 0)) (i32.const 1))', { more: '(func (export "_initialize") (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))' });
  assert.is(play(module).error, undefined);
});

test('no timer is left behind', () => {
  assert.equal(process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name)), []);
});

test.run();
