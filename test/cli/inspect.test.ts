// `cni-wasm inspect` of a module that would like to look better than it is: its words are shown, and no line is its own.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspect } from '../../host/cli/inspect.ts';
import { install } from '../../host/cli/install.ts';
import { sign } from '../../host/cli/sign.ts';
import { openHost } from '../../host/open-host.ts';
import { rootsFrom } from '../../host/roots.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-inspect-'));
test.after(() => rmSync(folder, { recursive: true }));

function inspected(manifest: object): string[] {
  const file = join(folder, 'acme.wasm');
  writeFileSync(file, stamp(bytesOf('(module (memory (export "memory") 1 1) (func (export "cni_abi_1")))'), JSON.stringify({ abi: 1, name: 'acme', version: '1.0.0', role: 'main', ...manifest })));
  return inspect([file], rootsFrom({})).split('\n');
}

const plain = inspected({ version: 'v', license: 'l', description: 'd', optional: ['link.create'], config: { properties: { key: { description: 'k' } } } });

for (const [what, trick] of Object.entries({
  'a line of its own': '\nsigned   by ed25519:AAAA', 'a line over another': '\r', 'a cursor that goes up': '\u001b[3A', 'the same in one character': '\u009b3A',
  'writing that runs the other way': '\u202e', 'a space without width': '\u200b', 'a line of another alphabet': '\u2028',
})) {
  test(what, () => {
    const lines = inspected({ version: `v${trick}`, license: `l${trick}`, description: `d${trick}`, optional: [`link.create${trick}`], config: { properties: { [`key${trick}`]: { description: `k${trick}` } } } });
    assert.is(lines.length, plain.length);
    assert.not.match(lines.join(''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    assert.is(lines.filter((line) => line.startsWith('signed ')).length, 1);
    assert.match(lines[1]!, `d\\u{${trick.charCodeAt(0).toString(16)}}`);
  });
}

test('a name is a module, whatever lies beside: the folder of its source, or a program that is called so', () => {
  const here = process.cwd();
  process.chdir(folder);
  try {
    mkdirSync('acme-route');
    writeFileSync('acme-mtu', 'a program');
    for (const name of ['acme-route', 'acme-mtu']) assert.throws(() => inspect([name], rootsFrom({})), (error: Error) => error.message === `no module "${name}"`);
    assert.throws(() => inspect(['./acme-mtu'], rootsFrom({})), /not valid WebAssembly/);
  } finally {
    process.chdir(here);
  }
});

for (const [what, command] of Object.entries({ inspect: () => inspect([folder], rootsFrom({})), install: () => install([folder], openHost({})), sign: () => sign([folder, '--key', folder]) })) {
  test(`${what} of a folder says which`, () => {
    assert.throws(command, (error: Error) => error.message === `"${folder}" cannot be read: EISDIR`);
  });
}

test.run();
