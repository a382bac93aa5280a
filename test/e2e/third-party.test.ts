// docs/third-party.md, followed to the letter: its files, its commands, in a folder outside the repository.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, inNetns, picture } from '../support/node.ts';

const page = readFileSync('docs/third-party.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-third-party-'));
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text]) => text!);
const [build, putInPlace, run] = commands as [string, string, string];

function sh(script: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { cwd: folder, encoding: 'utf8', env: { ...process.env, PATH: `${BIN}:${process.env['PATH']}` } });
  return { status, output: stdout + stderr };
}

function succeed(script: string): string {
  const { status, output } = sh(script);
  assert.is(status, 0, output);
  return output;
}

test.before(() => {
  for (const [, path, text] of page.matchAll(/`([\w./-]+)`:\n\n```\w+\n(.*?)```/gs)) {
    mkdirSync(join(folder, dirname(path!)), { recursive: true });
    writeFileSync(join(folder, path!), text!);
  }
  // Step 1 without a network: the packed SDK is the same, the compiler is the repository's.
  const npm = (...args: string[]): string => execFileSync('npm', [...args, '--offline', '--silent'], { cwd: folder, encoding: 'utf8' });
  const tarball = npm('pack', resolve('plugins-as/sdk')).trim();
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  npm('install', '--legacy-peer-deps', '--no-audit', join(folder, tarball));
  symlinkSync(resolve('node_modules/assemblyscript'), join(folder, 'node_modules/assemblyscript'));
  addNetns('c1');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a module built against the packed SDK is put in place, granted, selected by a conflist, and runs', () => {
  assert.is(commands.length, 3);
  succeed(build);
  const said = succeed(putInPlace);
  assert.match(said, /imports +route\.add/);
  const [, digest, entry] = /^ {2}("sha256:[0-9a-f]{64}"): (\{.*\})$/m.exec(said) ?? assert.unreachable(said) as never;

  // What the network keeps is made by the first attachment.
  const onlyBridge = JSON.parse(readFileSync(join(folder, 'blue.conflist'), 'utf8')) as { plugins: unknown[] };
  writeFileSync(join(folder, 'bridge.conflist'), JSON.stringify({ ...onlyBridge, plugins: onlyBridge.plugins.slice(0, 1) }));
  succeed('cni-wasm run add bridge.conflist /run/netns/c1 > first.json; cni-wasm run del bridge.conflist /run/netns/c1 --result first.json');
  const before = picture(['c1']);

  const { status, output } = sh('cni-wasm run add blue.conflist /run/netns/c1');
  assert.is(status, 1);
  assert.match(output, /"code": 101/);
  assert.match(output, /plugin \\"acme-route\\" asks for cni:route\/1\.add; policy grants none/);
  assert.match(output, /policy\.json: modules\[/);
  assert.not.match(inNetns('c1', 'ip', 'route'), '203.0.113.0/24');
  succeed('cni-wasm run del blue.conflist /run/netns/c1');
  assert.is(picture(['c1']), before);

  mkdirSync('/etc/cni/wasm', { recursive: true });
  writeFileSync('/etc/cni/wasm/policy.json', `{ "version": 1, "modules": { ${digest}: ${entry} } }`);
  const [add, ...others] = run.trim().split('\n');
  succeed(add!);
  assert.match(inNetns('c1', 'ip', 'route'), /203\.0\.113\.0\/24 via 192\.0\.2\.1 dev eth0/);
  for (const command of others) succeed(command);
  assert.is(picture(['c1']), before);
});

test.run();
