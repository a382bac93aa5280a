// The code that comes with what does calls is V8's for exactly that: code which it refuses is silently compiled again in each process and thread.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../host/build/program.mjs';
import { engineHere, machineCodeName, restore, wholeCode } from '../../host/sandbox/machine-code.ts';
import { builtins } from '../../host/selection/builtins.ts';

const thread = readdirSync('dist/lib').find((one) => /^thread-[0-9a-f]{16}\.start\.cjs$/.test(one))!;

test('the resident host names the threads that it was built with, by their digest', () => {
  assert.equal(readdirSync('dist/lib').filter((one) => one.endsWith('.start.cjs')), [thread]);
  assert.ok(readFileSync('dist/lib/serve.cjs', 'utf8').includes(`"${thread}"`));
});

for (const [file, name] of [['host.cjs', 'call'], [thread, 'thread']] as const) {
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

const { compiled, digests, source } = builtins();

for (const name of Object.keys(digests)) {
  test(`${name} brings machine code that V8 takes, with all that the module says`, () => {
    const bytes = source(name).read();
    const restored = compiled(name, bytes);
    assert.instance(restored, WebAssembly.Module);
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    assert.equal(WebAssembly.Module.imports(restored!), WebAssembly.Module.imports(module));
    assert.equal(WebAssembly.Module.exports(restored!), WebAssembly.Module.exports(module));
  });
}

test('machine code of another version of V8 is refused', () => {
  const [name, digest] = Object.entries(digests)[0]!;
  const code = wholeCode(readFileSync(`dist/lib/${machineCodeName(name, digest, engineHere())}`))!;
  // Behind four bytes that say what it is.
  code[4]! ^= 1;
  assert.is(restore()(code, source(name).read()), undefined);
});

test('torn machine code, which would end the process, is passed over', () => {
  const copy = mkdtempSync(join(tmpdir(), 'cni-wasm-torn-'));
  try {
    for (const folder of ['lib', 'plugins']) cpSync(`dist/${folder}`, join(copy, folder), { recursive: true });
    for (const [name, digest] of Object.entries(digests)) {
      const file = join(copy, 'lib', machineCodeName(name, digest, engineHere()));
      truncateSync(file, Math.floor(statSync(file).size * 0.6));
    }
    const [torn, whole] = [copy, 'dist'].map((dist) => spawnSync(process.execPath, [join(dist, 'lib/host.cjs'), 'cni-wasm', 'explain', 'conf/10-blue.conflist'], { encoding: 'utf8' }));
    assert.is(torn!.status, 0, torn!.stderr);
    assert.is(torn!.stdout, whole!.stdout);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test.run();
