// What is written at which level, and that a level nobody knows is told rather than taken for another.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openLog, type LogLevel } from '../host/log.ts';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** What is in the log when a line of each level has been written, and what there was before. */
function written(env: Readonly<Record<string, string>>): { opened: string[]; said: string[] } {
  const lines: string[] = [];
  const log = openLog(env, (line) => lines.push((JSON.parse(line) as { msg: string }).msg));
  const opened = [...lines];
  for (const level of LEVELS) log[level]({}, level);
  return { opened, said: lines.slice(opened.length) };
}

for (const [i, level] of LEVELS.entries()) {
  test(`at ${level}, nothing below it`, () => assert.equal(written({ CNI_WASM_LOG: level }), { opened: [], said: LEVELS.slice(i) }));
}

test('without a level it is warn', () => {
  for (const env of [{}, { CNI_WASM_LOG: '' }]) assert.equal(written(env), { opened: [], said: ['warn', 'error'] });
});

test('what is no level is warn, and the log says so once', () => {
  for (const asked of ['INFO', 'trace', 'toString']) {
    assert.equal(written({ CNI_WASM_LOG: asked }), { opened: [`CNI_WASM_LOG is "${asked}": give debug, info, warn or error`], said: ['warn', 'error'] });
  }
});

test.run();
