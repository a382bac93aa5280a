// What is said to words that are no command, in one sentence; the exit code is 2, while that of a refusal or a failure is 1.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-words-'));
test.after(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, CNI_WASM_ETC: join(folder, 'etc'), CNI_WASM_STATE: join(folder, 'state'), CNI_WASM_RUN: join(folder, 'run'), CNI_WASM_LEASES: join(folder, 'leases') };

const asked = (...words: string[]): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(join(process.cwd(), 'dist/bin/cni-wasm'), words, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
};

for (const [words, says] of [
  [['attach'], 'unknown command "attach"; see cni-wasm --help'],
  [['--halp'], 'unknown command "--halp"; see cni-wasm --help'],
  [['help', 'attach'], 'unknown command "attach"; see cni-wasm --help'],
  [['attach', '--help'], 'unknown command "attach"; see cni-wasm --help'],
  [['gc', '--dryrun'], 'gc: unknown option \'--dryrun\'; see cni-wasm gc --help'],
  [['gc', '--json=yes'], 'gc: option \'--json\' does not take an argument; see cni-wasm gc --help'],
  [['gc', 'blue.conflist'], 'gc: takes no words, got "blue.conflist"; with a conflist it is cni-wasm run gc CONFLIST; see cni-wasm gc --help'],
  [['sign', 'acme.wasm', '--key'], 'sign: option \'--key <value>\' argument missing; see cni-wasm sign --help'],
  [['sign', 'acme.wasm', '--key', '--key'], 'sign: option \'--key\' argument is ambiguous. Did you forget to specify the option argument for \'--key\'? To specify an option argument starting with a dash use \'--key=-XYZ\'; see cni-wasm sign --help'],
  [['inspect'], 'inspect: give a module name or a .wasm file; see cni-wasm inspect --help'],
  [['inspect', '--bridge'], 'inspect: unknown option \'--bridge\'; see cni-wasm inspect --help'],
  [['inspect', 'bridge', 'portmap'], 'inspect: "portmap" is too much; see cni-wasm inspect --help'],
  [['install', 'dist/plugins/bridge.wasm', 'one', 'two', 'three'], 'install: "two three" is too much; see cni-wasm install --help'],
  [['plan', 'add'], 'plan: add needs a conflist; see cni-wasm plan --help'],
  [['serve', 'me'], 'serve: takes no words, got "me"; CNI_WASM_RUN says where its socket is; see cni-wasm serve --help'],
  [['why'], 'why: say what, a link, an address, a rule or a port; see cni-wasm why --help'],
] as const) {
  test(words.join(' '), () => {
    assert.equal(asked(...words), { status: 2, stdout: '', stderr: `cni-wasm: ${says}\n` });
    assert.equal(readdirSync(folder), []);
  });
}

for (const words of [['inspect', '/nowhere.wasm'], ['run', 'status', '/nowhere.conflist'], ['plan', 'add', '/nowhere.conflist'], ['explain', '/nowhere.conflist']]) {
  test(`${words.join(' ')}, which fails`, () => {
    const { status, stdout } = asked(...words);
    assert.equal({ status, stdout }, { status: 1, stdout: '' });
  });
}

for (const words of [['--help'], ['help'], ['help', '--help'], ['-h', 'run'], ['help', 'run'], ['run', '-h']]) {
  test(words.join(' '), () => {
    const { status, stdout, stderr } = asked(...words);
    assert.equal({ status, stderr }, { status: 0, stderr: '' });
    assert.match(stdout, words.includes('run') ? /^cni-wasm run VERB/ : /^cni-wasm v.*\n/);
  });
}

for (const [name, more] of [['cni-wasm', 'For people: cni-wasm --help\n'], ['bridge', '']] as const) {
  test(`${name} without a word says on stderr whose it is, as the reference plugins do`, () => {
    const { status, stdout, stderr } = spawnSync(join(process.cwd(), 'dist/bin', name), { env, encoding: 'utf8' });
    assert.equal([status, stdout], [0, '']);
    assert.match(stderr, new RegExp(`^CNI ${name} plugin v\\S+ \\(cni-wasm\\)\nCNI protocol versions supported: [\\d., ]+\n${more}$`));
  });
}

test.run();
