// What few bytes can make V8 take while it compiles, before and after it has seen them.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { checkSections, checkFunctions, TooMuchToCompile } from '../../host/sandbox/compile-limit.ts';
import { meter } from '../../host/sandbox/meter.ts';
import { leb128, SECTION } from '../../host/sandbox/wasm-bytes.ts';
import { codeOf } from '../../host/selection/load-plugin.ts';
import { bytesOf } from './wat.ts';

// Instructions as bytes: a text of so many is too much for its compiler.
const [UNREACHABLE, NOP, BLOCK, LOOP, IF, ELSE, END, BR, BR_IF, BR_TABLE, CALL, DROP, GROW, CONST, I64] =
  [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x0e, 0x10, 0x1a, 0x40, 0x41, 0x7e];
const [FUNCTION, NULL, BR_ON_NULL, BR_ON_NON_NULL] = [0x70, 0xd0, 0xd5, 0xd6];
const [NO_RESULT, A_THOUSAND] = [0x40, 2];
const times = (count: number, ...code: number[]): number[] => Array.from({ length: count }, () => code).flat();
const section = (id: number, content: readonly number[]): number[] => [id, ...leb128(content.length), ...content];
const body = (content: readonly number[]): number[] => [...leb128(content.length), ...content];

/** Three functions: one that does nothing, the one in question, and one that returns a thousand values. */
const moduleOf = (locals: number, code: readonly number[]): Uint8Array => Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(SECTION.types, [2, 0x60, 0, 0, 0x60, 0, ...leb128(1000), ...times(1000, I64)]),
  ...section(SECTION.functions, [3, 0, 0, 1]),
  ...section(SECTION.memories, [1, 0, 1]),
  ...section(SECTION.code, [3, ...body([0, END]), ...body([1, ...leb128(locals), I64, ...code, END]), ...body([0, UNREACHABLE, END])]),
]);
const globals = (count: number): Uint8Array => Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(SECTION.globals, [...leb128(count), ...times(count, I64, 1, 0x42, 0, END)])]);

function refused(locals: number, code: readonly number[], says = /at its blocks and branches, at most 4194304 may be$/): void {
  const bytes = moduleOf(locals, code);
  assert.ok(WebAssembly.validate(bytes as BufferSource));
  assert.throws(() => checkFunctions(meter(bytes)), (error: unknown) => error instanceof TooMuchToCompile && /^its function 1 has \d+ locals and values on the stack /.test(error.message) && says.test(error.message));
}
function allowed(locals: number, code: readonly number[]): void {
  const bytes = moduleOf(locals, code);
  assert.ok(WebAssembly.validate(bytes as BufferSource));
  checkFunctions(meter(bytes));
}

test('globals', () => {
  checkSections(globals(10_000), 'acme');
  assert.throws(() => codeOf(globals(10_001), 'acme'), (error: unknown) => error instanceof CniError && error.code === CODE.moduleRefused && /has 10001 globals, at most 10000 may be/.test(error.message));
});

test('results', () => {
  const results = (count: number, ...more: number[]): Uint8Array => Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(SECTION.types, [...leb128(1), 0x60, 0, ...leb128(count), ...times(Math.min(count, 1000), I64), ...more])]);
  checkSections(results(16), 'acme');
  for (const count of [17, 1000, 2 ** 40]) assert.throws(() => codeOf(results(count), 'acme'), (error: unknown) => error instanceof CniError && error.code === CODE.moduleRefused && error.message.includes(`has a type with ${count} results, at most 16 may be`));
  assert.throws(() => codeOf(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(SECTION.types, leb128(1000))]), 'acme'), /not valid WebAssembly/);
});

test('parameters', () => {
  const parameters = (count: number): Uint8Array => Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(SECTION.types, [2, 0x60, 0, 0, 0x60, ...leb128(count), ...times(count, I64), 0])]);
  checkSections(parameters(100), 'acme');
  assert.throws(() => codeOf(parameters(101), 'acme'), (error: unknown) => error instanceof CniError && error.code === CODE.moduleRefused && error.message.includes('has a type with 101 parameters, at most 100 may be'));
});

test('types', () => {
  const types = (count: number): Uint8Array => Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(SECTION.types, [...leb128(count), ...times(Math.min(count, 2000), 0x60, 0, 0)])]);
  checkSections(types(1000), 'acme');
  for (const count of [1001, 999_998, 2 ** 40]) assert.throws(() => codeOf(types(count), 'acme'), (error: unknown) => error instanceof CniError && error.code === CODE.moduleRefused && error.message.includes(`has ${count} types, at most 1000 may be`));
});

test('types that are no functions', () => {
  for (const type of ['(struct (field i32))', '(array (mut i8))']) {
    assert.throws(() => checkSections(bytesOf(`(module (type $t ${type}) (func (param (ref $t))))`), 'acme'), (error: unknown) => error instanceof CniError && error.code === CODE.moduleRefused && /garbage-collected heap/.test(error.message));
  }
});

const IFS = [CONST, 0, IF, NO_RESULT, ELSE, END];
const BLOCKS: Record<string, number[]> = { ifs: IFS, blocks: [BLOCK, NO_RESULT, CONST, 0, BR_IF, 0, END], loops: [LOOP, NO_RESULT, END] };
for (const [what, one] of Object.entries(BLOCKS)) {
  test(`thousands of locals and thousands of ${what}`, () => {
    refused(5000, times(1000, ...one));
    allowed(5000, times(100, ...one));
    allowed(10, times(10_000, ...one));
  });
}

const inBlock = (...code: number[]): number[] => [BLOCK, NO_RESULT, ...code, END];
const BRANCHES: Record<string, (count: number) => number[]> = {
  br: (count) => inBlock(...times(count, BR, 0)),
  br_if: (count) => inBlock(...times(count, CONST, 0, BR_IF, 0)),
  'br_if to a loop': (count) => [LOOP, NO_RESULT, ...times(count, CONST, 0, BR_IF, 0), END],
  br_table: (count) => inBlock(CONST, 0, BR_TABLE, ...leb128(count), ...times(count + 1, 0)),
  br_on_null: (count) => inBlock(...times(count, NULL, FUNCTION, BR_ON_NULL, 0, DROP)),
  br_on_non_null: (count) => [BLOCK, FUNCTION, ...times(count, NULL, FUNCTION, BR_ON_NON_NULL, 0), NULL, FUNCTION, END, DROP],
};
for (const [what, branches] of Object.entries(BRANCHES)) {
  // Not every V8 has all of them.
  if (!WebAssembly.validate(moduleOf(1, branches(1)) as BufferSource)) continue;
  test(`thousands of locals and thousands of ${what}`, () => {
    refused(5000, branches(1000));
    allowed(5000, branches(500));
    allowed(10, branches(10_000));
  });
}

test('a function of hundreds of kilobytes', () => {
  const long = (bytes: number): Uint8Array => meter(moduleOf(1, times(bytes / 4, CONST, 0, DROP, NOP)));
  checkFunctions(long(250_000));
  assert.throws(() => checkFunctions(long(263_000)), (error: unknown) => error instanceof TooMuchToCompile && /^its function 1 has \d+ bytes with the count, at most 262144 may be$/.test(error.message));
});

test('blocks within blocks', () => refused(5000, [...times(1000, CONST, 0, IF, NO_RESULT), ...times(1000, END)]));

test('thousands of values below thousands of blocks', () => {
  const below = (count: number, code: readonly number[]): number[] => [...times(count, CONST, 0), ...code, ...times(count, DROP)];
  refused(1, below(5000, times(1000, ...IFS)));
  allowed(1, below(5000, times(100, ...IFS)));
  allowed(1, times(10, ...below(5000, IFS)));
});

test('values that come a thousand at a time, from a function or a block', () => {
  refused(1, [...times(5, CALL, A_THOUSAND), ...times(1000, ...IFS), UNREACHABLE]);
  refused(1, [...times(5, BLOCK, 1, UNREACHABLE, END), ...times(1000, ...IFS), UNREACHABLE]);
});

test('thousands of locals and tens of thousands of calls', () => {
  const AT_CALLS = /at its calls, at most 268435456 may be$/;
  refused(20_000, times(20_000, CALL, 0), AT_CALLS);
  refused(20_000, times(20_000, CONST, 0, GROW, 0, DROP), AT_CALLS);
  refused(1, [...times(30_000, CONST, 0), ...times(20_000, CALL, 0), UNREACHABLE], AT_CALLS);
  allowed(1000, times(60_000, CALL, 0));
  allowed(20_000, times(60_000, CONST, 0, DROP));
});

test('code that is never reached does not make up for what is', () => {
  refused(5000, [...times(1000, ...IFS), UNREACHABLE, ...times(3000, IF, NO_RESULT, END)]);
  refused(5000, [...times(1000, ...IFS), UNREACHABLE, ...times(9000, DROP), ...IFS]);
});

test('modules as compilers make them', () => {
  for (const name of readdirSync('dist/plugins')) checkFunctions(readFileSync(`dist/plugins/${name}`));
  const folder = 'node_modules/@wasmer/wasi/tests';
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.wasm'))) checkFunctions(meter(readFileSync(`${folder}/${name}`)));
});

test.run();
