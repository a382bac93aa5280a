// `cni-wasm inspect` of a module that would like to look better than it is: its words are shown, and no line is its own.
// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspect } from '../../host/cli/inspect.ts';
import { install } from '../../host/cli/install.ts';
import { keygen, sign } from '../../host/cli/sign.ts';
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
    assert.throws(command, (error: Error) => error.message === `"${folder}" cannot be read: illegal operation on a directory`);
  });
}

test('a module that ships with the host has no signature, whoever may not look for one', () => {
  writeFileSync(join(folder, 'no-folder'), '');
  assert.match(inspect(['bridge'], rootsFrom({ CNI_WASM_STATE: join(folder, 'no-folder') })), /^signed {3}ships with this host$/m);
});

for (const [what, pem] of [
  ['nothing of the kind', 'a key'],
  ['a public key', generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })],
  ['a key with a passphrase', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })],
] as const) {
  test(`a key that is ${what} is named`, () => {
    const key = join(folder, 'key.pem');
    writeFileSync(key, pem);
    assert.throws(() => sign(['dist/plugins/bridge.wasm', '--key', key]), (error: Error) => error.message === `"${key}" is no private key in PEM without a passphrase`);
  });
}

test('a key of another kind is named', () => {
  const key = join(folder, 'key.pem');
  writeFileSync(key, generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  assert.throws(() => sign(['dist/plugins/bridge.wasm', '--key', key]), (error: Error) => error.message === `"${key}" is a key of type x25519, it must be ed25519`);
});

test('what cannot be written is named: a key, a signature', () => {
  const missing = join(folder, 'nowhere', 'acme.pem');
  assert.throws(() => keygen([missing]), (error: Error) => error.message === `"${missing}" cannot be written: no such file or directory`);
  const [module, key] = [join(folder, 'taken.wasm'), join(folder, 'acme.pem')];
  copyFileSync('dist/plugins/bridge.wasm', module);
  mkdirSync(`${module}.sig`);
  keygen([key]);
  assert.throws(() => sign([module, '--key', key]), (error: Error) => error.message === `"${module}.sig" cannot be written: illegal operation on a directory`);
  assert.throws(() => keygen([key]), (error: Error) => error.message === `"${key}" cannot be written: file already exists`);
});

test.run();
