// The tables themselves: enough configurations, no name twice, and differences.md, its code and its cases name the same rows.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CASES } from './cases/all.ts';
import { ALLOWED } from './differences.ts';
import { rowsIn } from './rows-of-cases.ts';

const rows = [...readFileSync('test/parity/differences.md', 'utf8').matchAll(/^\| ([a-z0-9-]+) \| (?!plugin)\w/gm)].map(([, id]) => id!).sort();

test('at least 120 configurations', () => {
  console.log(`${CASES.length} configurations compared`);
  assert.ok(CASES.length >= 120, `${CASES.length}`);
});

test('the pages say how many', () => {
  for (const page of ['test/parity/differences.md', 'docs/differences.md', 'README.md']) assert.match(readFileSync(page, 'utf8'), new RegExp(`\\b${CASES.length} configurations\\b`), page);
});

test('each has a name of its own', () => assert.is(new Set(CASES.map(({ name }) => name)).size, CASES.length));

test('every row of the page has its code, and is named by a case', () => {
  assert.equal(Object.keys(ALLOWED).sort(), rows);
  assert.equal([...new Set(CASES.flatMap(rowsIn))].sort(), rows);
});

test.run();
