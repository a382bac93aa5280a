// The code that comes with what does calls is V8's for exactly that: code which it refuses is silently compiled again in each process and thread.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../host/build/program.mjs';
import { codeName, engineHere } from '../../host/engine.ts';
import { readCode } from '../../host/parts/read-code.ts';
import { machineCodeName, restore } from '../../host/sandbox/machine-code.ts';
import { builtins } from '../../host/selection/builtins.ts';

const thread = readdirSync('dist/lib').find((one) => /^thread-[0-9a-f]{16}\.start\.cjs$/.test(one))!;

test('the resident host names the threads that it was built with, by their digest', () => {
  assert.equal(readdirSync('dist/lib').filter((one) => one.endsWith('.start.cjs')), [thread]);
  assert.ok(readFileSync('dist/lib/serve.cjs', 'utf8').includes(`"${thread}"`));
});

const engine = engineHere()!;

for (const [file, name] of [['host.cjs', 'call'], [thread, 'thread']] as const) {
  const program = readdirSync('dist/lib').find((one) => one.startsWith(`${name}-`) && /^[0-9a-f]{16}\.cjs$/.test(one.slice(name.length + 1)))!;
  const code = codeName(program, engine);

  test(`${file} brings code that V8 takes`, () => {
    assert.equal(readdirSync('dist/lib').filter((one) => one.startsWith(`${name}-`) && one.endsWith('.code')), [code]);
    assert.ok(readFileSync(`dist/lib/${file}`, 'utf8').includes(program));
    const path = `dist/lib/${program}`;
    const script = new Script(readFileSync(path, 'latin1'), { filename: path, cachedData: readCode(code)! });
    assert.is(script.cachedDataRejected, false);
  });

  test(`${file}'s code is the same when it is made again`, () => {
    assert.ok(codeOf(readFileSync(`dist/lib/${program}`), program).equals(readCode(code)!));
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
  const code = readCode(machineCodeName(name, digest, engine))!;
  // Behind four bytes that say what it is.
  code[4]! ^= 1;
  assert.is(restore()(code, source(name).read()), undefined);
});

/** What an archive leaves that was being unpacked when the power went off: a file that ends early, or that is whole in its length alone. */
const TORN = {
  'ends early': (file: string, size: number) => truncateSync(file, Math.floor(size * 0.6)),
  'ends in zeros': (file: string, size: number) => {
    truncateSync(file, Math.floor(size * 0.6));
    truncateSync(file, size);
  },
} as const;

for (const [how, tear] of Object.entries(TORN)) {
  test(`code that ${how}, which would end the process, is passed over`, () => {
    const copy = mkdtempSync(join(tmpdir(), 'cni-wasm-torn-'));
    try {
      for (const folder of ['lib', 'plugins']) cpSync(`dist/${folder}`, join(copy, folder), { recursive: true });
      for (const file of readdirSync(join(copy, 'lib')).filter((one) => one.endsWith('.code')).map((one) => join(copy, 'lib', one))) tear(file, statSync(file).size);
      const [torn, whole] = [copy, 'dist'].map((dist) => spawnSync(process.execPath, [join(dist, 'lib/host.cjs'), 'cni-wasm', 'explain', 'conf/10-blue.conflist'], { encoding: 'utf8' }));
      assert.is(torn!.status, 0, torn!.stderr);
      assert.is(torn!.stdout, whole!.stdout);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
}

test.run();
