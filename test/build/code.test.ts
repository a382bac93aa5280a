// The code that comes with what does calls is V8's for exactly that: code which it refuses is silently compiled again in each process and thread.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../host/build/program.mjs';

for (const [file, name] of [['host.cjs', 'call'], ['answer-calls.cjs', 'thread']] as const) {
  test(`${file} brings code that V8 takes`, () => {
    const code = readdirSync('dist/lib').filter((one) => one.startsWith(`${name}-`) && one.endsWith('.code'));
    assert.is(code.length, 1);
    const path = `dist/lib/${code[0]!.replace('.code', '.cjs')}`;
    assert.ok(existsSync(path) && readFileSync(`dist/lib/${file}`, 'utf8').includes(code[0]!));
    const script = new Script(readFileSync(path, 'latin1'), { filename: path, cachedData: readFileSync(`dist/lib/${code[0]!}`) });
    assert.is(script.cachedDataRejected, false);
  });

  test(`${file}'s code is the same when it is made again`, () => {
    const code = readdirSync('dist/lib').find((one) => one.startsWith(`${name}-`) && one.endsWith('.code'))!;
    const program = code.replace('.code', '.cjs');
    assert.ok(codeOf(readFileSync(`dist/lib/${program}`), program).equals(readFileSync(`dist/lib/${code}`)));
  });
}

test.run();
