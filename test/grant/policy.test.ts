// The policy file: whose it must be, and what it may say.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { readPolicy } from '../../host/grant/policy.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const KEY = `ed25519:${'A'.repeat(43)}=`;
const etc = mkdtempSync(join(tmpdir(), 'policy-'));
const path = join(etc, 'policy.json');
test.before.each(() => rmSync(path, { recursive: true, force: true }));
test.after(() => rmSync(etc, { recursive: true }));

const refusal = (words: RegExp) => (error: unknown): boolean => error instanceof CniError && error.code === 100 && words.test(error.message);
const write = (value: unknown, mode = 0o644): void => {
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  chmodSync(path, mode);
};

test('no file grants nothing to anybody', () => assert.equal(readPolicy(etc), { path, signers: [], modules: new Map() }));

test('an entry', () => {
  write({ version: 1, default: 'deny', modules: { [DIGEST]: { networks: ['prod-*'], grants: { tc: ['host'] }, limits: { timeMs: 3000 } } } });
  assert.equal([...readPolicy(etc).modules], [[DIGEST, { networks: ['prod-*'], grants: { tc: ['host'] }, limits: { timeMs: 3000 } }]]);
});

const REFUSED: readonly [unknown, RegExp][] = [
  ['{', /unexpected end|expected property/i],
  ['[]', /expected an object/],
  [{}, /"version" must be 1/],
  [{ version: 1, default: 'allow' }, /"default" can only be "deny"/],
  [{ version: 1, module: {} }, /"module" is unknown/],
  [{ version: 1, modules: { acme: {} } }, /must be a digest/],
  [{ version: 1, modules: { [DIGEST]: { grant: {} } } }, /"grant" is unknown/],
  [{ version: 1, modules: { [DIGEST]: { networks: 'blue' } } }, /"networks" must be a list of patterns like "prod-\*", got "blue"/],
  [{ version: 1, modules: { [DIGEST]: { grants: { nftables: [] } } } }, /"nftables" is no grant/],
  ...['{ifnam}', 'x{', 'x}', '{config.}', '{attachment}', '{{ifname}}', '{config.a|{ifname}}', 'zone-{link}'].map((pattern): [unknown, RegExp] => [{ version: 1, modules: { [DIGEST]: { grants: { firewalld: [pattern] } } } }, /"firewalld" has ".*", in which .* is no placeholder; known are \{attachment:N\}.* and \{config\.KEY\|WORD\}$/]),
  [{ version: 1, modules: { [DIGEST]: { grants: { sysctl: ['net/{link}/{lnk}'] } } } }, /"sysctl" has ".*", in which \{lnk\} is no placeholder; known are .*, and \{link\}$/],
  [{ version: 1, modules: { [DIGEST]: { grants: { iptables: { nat: { chains: ['CNI-{attachment:x}'], jumpFrom: [] } } } } } }, /"iptables.nat.chains" has/],
  [{ version: 1, signers: [] }, /"signers" must be an object/],
  [{ version: 1, signers: { acme: { may: {} } } }, /"key" must be a public key like ed25519:…, as `cni-wasm keygen` prints it/],
  [{ version: 1, signers: { acme: { key: 'ed25519:AAAA', may: {} } } }, /"key" must be a public key/],
  [{ version: 1, signers: { acme: { key: KEY, grants: {} } } }, /"grants" is unknown; known are key, networks, may, limits/],
  [{ version: 1, signers: { acme: { key: KEY, may: { links: {} } } } }, /"links" is no grant/],
  [{ version: 1, signers: { acme: { key: KEY, limits: { timeMs: 0 } } } }, /"timeMs" must be a positive integer, got 0/],
];
for (const [value, words] of REFUSED) test(`refused: ${JSON.stringify(value).slice(0, 60)}`, () => {
  write(value);
  assert.throws(() => readPolicy(etc), refusal(words));
});

test('a file that others could have written', () => {
  for (const mode of [0o664, 0o646]) {
    write({ version: 1 }, mode);
    assert.throws(() => readPolicy(etc), refusal(/must belong to root and be writable by nobody else/));
  }
  mkdirSync(`${path}.d`);
  rmSync(path);
  mkdirSync(path);
  assert.throws(() => readPolicy(etc), refusal(/must be a plain file/));
});

test('a folder that others can write to', () => {
  write({ version: 1 });
  chmodSync(etc, 0o777);
  assert.throws(() => readPolicy(etc), refusal(new RegExp(`^"${etc}" must belong to root and be writable by nobody else, it is 777`)));
  chmodSync(etc, 0o700);
});

test('a link is followed, but not into a folder that others can write to', () => {
  const elsewhere = join(etc, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'policy.json'), '{"version":1}');
  symlinkSync('elsewhere/policy.json', path);
  assert.equal(readPolicy(etc), { path, signers: [], modules: new Map() });
  chmodSync(elsewhere, 0o777);
  assert.throws(() => readPolicy(etc), refusal(/elsewhere" must belong to root/));
});

test('a pipe is not waited for', () => {
  execFileSync('mkfifo', [path]);
  assert.throws(() => readPolicy(etc), refusal(/must be a plain file/));
});

if (process.geteuid?.() === 0) {
  test('a file of another user', () => {
    write({ version: 1 });
    chownSync(path, 65534, 65534);
    assert.throws(() => readPolicy(etc), refusal(/uid 65534/));
  });
}

test.run();
