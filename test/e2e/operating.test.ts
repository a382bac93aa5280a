// docs/operating.md, followed to the letter: beside the reference, another version, by hand, back, and nothing left.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildArchive } from '../../host/build/archive.mjs';
import { compileLauncher } from '../../host/build/launcher.mjs';
import { moduleDigests } from '../../plugins-as/build.mjs';
import { sh, skip } from '../support/node.ts';

if (!compileLauncher(process.arch)) skip('nothing here compiles the launcher of an archive');

const NAMES = Object.keys(moduleDigests());
const FOLDER = '/run/operator';
const page = readFileSync('docs/operating.md', 'utf8');
const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text]) => text!);
const blockWith = (words: string): string => {
  const found = blocks.filter((text) => text.includes(words));
  assert.is(found.length, 1, words);
  return found[0]!;
};

/** As a reader who fills in the version that is there. */
function follow(words: string): string {
  const script = blockWith(words).replaceAll('linux-ARCH', `linux-${process.arch}`).replaceAll('VERSION', '1').replaceAll('cni-wasm-NEW', 'cni-wasm-2').replaceAll('/tmp/', `${FOLDER}/`);
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { cwd: FOLDER, encoding: 'utf8', env: { PATH: `${FOLDER}/bin:/usr/local/sbin:${process.env['PATH']}` } });
  assert.is(status, 0, stdout + stderr);
  return stdout;
}

const saidBy = (path: string): string => sh('sh', '-c', `"${path}" 2>&1`);

const test = suite('operating');

test.before(async () => {
  mkdirSync(`${FOLDER}/bin`, { recursive: true });
  for (const version of ['1', '2']) await buildArchive(`${FOLDER}/cni-wasm-${version}-linux-${process.arch}.tar.gz`, process.arch, `cni-wasm-${version}`, NAMES);
  // A node of its own has no systemd of its own; and folders that are to go must not be mounts.
  writeFileSync(`${FOLDER}/bin/systemctl`, '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  for (const folder of ['/opt', '/var/lib', '/etc/systemd/system', '/usr/local/sbin']) if (existsSync(folder)) sh('mount', '-t', 'tmpfs', 'tmpfs', folder);
  for (const folder of ['/opt/cni/bin', '/etc/cni/net.d']) mkdirSync(folder, { recursive: true });
  for (const name of [...NAMES, 'macvlan']) writeFileSync(`/opt/cni/bin/${name}`, '#!/bin/sh\necho the reference\n', { mode: 0o755 });
  writeFileSync('/etc/cni/net.d/10-blue.conflist', readFileSync('conf/10-blue.conflist'));
});

test('by links, and the executables that were there are kept', () => {
  follow('-C /opt\nln -sfn cni-wasm-VERSION');
  follow('mkdir /opt/cni/reference');
  for (const name of NAMES) assert.match(saidBy(`/opt/cni/bin/${name}`), 'cni-wasm');
  assert.match(saidBy('/opt/cni/bin/macvlan'), 'the reference');
});

test('another version', () => {
  assert.match(follow('cni-wasm-NEW-linux-ARCH'), 'restart cni-wasm.service');
  assert.is(readlinkSync('/opt/cni-wasm'), 'cni-wasm-2');
  assert.match(saidBy('/opt/cni/bin/bridge'), 'cni-wasm');
});

test('by hand', () => assert.match(follow('ip netns add try'), 'as it should be'));

test('back, and nothing of it is left', () => {
  follow('mv /opt/cni/reference/$name');
  assert.equal(readdirSync('/opt/cni/bin').sort(), [...NAMES, 'macvlan'].sort());
  for (const name of NAMES) assert.match(saidBy(`/opt/cni/bin/${name}`), 'the reference');
  follow('rm -rf /opt/cni-wasm');
  assert.equal(readdirSync('/opt'), ['cni']);
  for (const folder of ['/var/lib/cni-wasm', '/run/cni-wasm', '/etc/cni/wasm']) assert.not(existsSync(folder), folder);
});

test.run();
