// What a module may ever take is read from its bytes, before it is run.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { checkMemory } from '../../host/sandbox/memory-limit.ts';
import { readDeclared } from '../../host/sandbox/sections.ts';
import { bytesOf } from './wat.ts';

const allowed = (wat: string): void => checkMemory(readDeclared(bytesOf(wat)), 'acme', 64);
function refused(wat: string, words: RegExp): void {
  assert.throws(() => allowed(wat), (error: unknown) => error instanceof CniError && error.code === CODE.moduleRefused && words.test(`${error.message}; ${error.facts.hint}`));
}

test('a memory with a maximum within the limit', () => {
  allowed('(module (memory (export "memory") 1 64))');
  allowed('(module (memory 0 0))');
  allowed('(module (type (func (param i32 i64 f32 f64 v128 funcref externref) (result i32 i32))) (memory 1 2) (table 1 4 funcref))');
});

test('a memory without a maximum, beyond the limit, or none', () => {
  refused('(module (memory 1))', /declares no maximum.*--maximumMemory 64 .*--max-memory=4194304/);
  refused('(module (memory 1 65))', /up to 65 pages of 64 KiB, its limit is 64/);
  refused('(module (memory 1 65536))', /up to 65536 pages/);
  refused('(module (func))', /declares 0 memories/);
  refused('(module (memory 1 1) (memory 1 1))', /declares 2 memories/);
});

test('shared and 64-bit memories', () => {
  refused('(module (memory 1 2 shared))', /shared or 64-bit/);
  refused('(module (memory i64 1 2))', /shared or 64-bit/);
});

test('tables that can grow without end, are too large, or are more than one', () => {
  refused('(module (memory 1 2) (table 1 funcref))', /declares no maximum for its table; .*65536 entries or less/);
  refused('(module (memory 1 2) (table 10000000 10000000 funcref))', /declares a table of up to 10000000 entries, at most 65536 may be/);
  refused('(module (memory 1 2) (table 1 1 funcref) (table 1 1 funcref))', /declares 2 tables, a plugin has at most one/);
});

test('exceptions', () => {
  refused('(module (memory 1 2) (tag $oops (param i32)) (func (throw $oops (i32.const 1))))', /declares exceptions, which cannot be limited; .*-fno-exceptions/);
});

test.run();
