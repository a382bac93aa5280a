// Nothing in the ABI is AssemblyScript's: C without a library, a WASI reactor and a WASI command make the same attachment, by the same operations.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute, type Answer, type Target } from '../../host/cli/run-conflist.ts';
import { compileMetered } from '../../host/sandbox/guest-module.ts';
import { prepareWasi } from '../../host/sandbox/wasi.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sdk/compile.ts';
import { play } from '../sandbox/wat.ts';
import { addNetns, BIN, has, inNetns, picture, sh, skip } from '../support/node.ts';

if (!has('clang') || !has('wasm-ld') || !existsSync('/usr/include/wasm32-wasi')) skip('needs clang, lld and wasi-libc');

const HERE = 'test/languages';
const OUT = '/run/modules';
const LOG = '/run/languages.log';
const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Wl,--max-memory=4194304', '-Wl,--strip-all'];
mkdirSync(OUT);

function compiled(name: string, ...how: string[]): Uint8Array {
  sh('clang', ...how, ...FLAGS, '-o', `${OUT}/${name}.raw`, `${HERE}/${name}.c`);
  return readFileSync(`${OUT}/${name}.raw`);
}

const LANGUAGES: Record<string, () => Uint8Array | Promise<Uint8Array>> = {
  assemblyscript: () => bytesOf(`${HERE}/assemblyscript`),
  bare: () => compiled('bare', '--target=wasm32', '-nostdlib', '-Wl,--no-entry'),
  reactor: () => compiled('reactor', '--target=wasm32-wasi', '-mexec-model=reactor'),
  command: () => compiled('command', '--target=wasm32-wasi'),
};
const CONF = { cniVersion: '1.1.0', name: 'blue', type: 'cni-wasm', hostEnd: 'acme0', address: '192.0.2.2/24' };
const manifest = readFileSync(`${HERE}/assemblyscript/manifest.json`, 'utf8');
const { wants } = JSON.parse(manifest) as { wants: object };
const modules = new Map<string, Uint8Array>();
const netns = addNetns('c1');
const target: Target = { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], env: { CNI_WASM_LOG: 'info', CNI_WASM_LOG_FILE: LOG } };
const call = (verb: string, module: string, more: object = {}): Answer => execute('cni-wasm', verb, target, JSON.stringify({ ...CONF, module, ...more }));
const logged = (): string => {
  const text = existsSync(LOG) ? readFileSync(LOG, 'utf8') : '';
  rmSync(LOG, { force: true });
  return text;
};

test('each is compiled, installed and granted', async () => {
  const granted: Record<string, object> = {};
  for (const [name, make] of Object.entries(LANGUAGES)) {
    const bytes = stamp(await make(), manifest);
    modules.set(name, bytes);
    writeFileSync(`${OUT}/${name}.wasm`, bytes);
    sh(`${BIN}/cni-wasm`, 'install', `${OUT}/${name}.wasm`, name);
  }
  const lock = JSON.parse(readFileSync('/etc/cni/wasm/modules.lock', 'utf8')) as Record<string, { digest: string }>;
  for (const { digest } of Object.values(lock)) granted[digest] = { grants: wants };
  writeFileSync('/etc/cni/wasm/policy.json', JSON.stringify({ version: 1, modules: granted }));
});

test('the same operations and the same result, whatever the language', async () => {
  await prepareWasi();
  const request = JSON.stringify({ verb: 'ADD', network: 'blue', containerId: 'c1', ifname: 'eth0', config: CONF });
  const played = [...modules].map(([name, bytes]) => {
    const asked: unknown[] = [];
    const { result, error } = play(compileMetered(bytes), {
      request,
      perform({ domain, name: op }, message) {
        asked.push([`${domain}.${op}`, message]);
        return op === 'create' ? { link: 7, peer: 8 } : {};
      },
    });
    assert.is(error, undefined, `${name}: ${error?.message}`);
    return { asked, result };
  });
  assert.is(played[0]!.asked.length, 5);
  for (const other of played.slice(1)) assert.equal(other, played[0]);
});

let first: { result: unknown; node: string } | undefined;
for (const name of Object.keys(LANGUAGES)) {
  test(`${name}: attaches on the kernel as the others do, and DEL takes it back`, () => {
    const before = picture(['c1']);
    logged();
    const { exitCode, stdout, stderr } = call('ADD', name);
    assert.is(exitCode, 0, stdout + stderr);
    const result = JSON.parse(stdout) as unknown;
    const node = [sh('ip', '-o', 'link', 'show', 'acme0'), inNetns('c1', 'ip', '-o', '-4', 'address'), inNetns('c1', 'ip', '-4', 'route')].join('\n').replace(/^\d+: |if\d+|link\/ether \S+|link-netns \S+/gm, '');
    first ??= { result, node };
    assert.equal({ result, node }, first);
    assert.match(node, /192\.0\.2\.2\/24[^]*203\.0\.113\.0\/24 dev eth0/);
    assert.is(call('CHECK', name, { prevResult: result }).exitCode, 0);
    assert.is(call('DEL', name, { prevResult: result }).exitCode, 0);
    assert.is(picture(['c1']), before);
  });

  test(`${name}: what an operation refuses becomes the call's error, and nothing is left`, () => {
    const before = picture(['c1']);
    const { exitCode, stdout } = call('ADD', name, { address: '192.0.2.2/99' });
    assert.is(exitCode, 1);
    assert.match(stdout, /192\.0\.2\.2\/99/);
    assert.is(picture(['c1']), before);
  });
}

test('what a WASI module prints is in the log; it has no environment, no arguments and no files, but a clock', () => {
  logged();
  call('ADD', 'reactor');
  const reactor = logged();
  assert.match(reactor, /a request of some bytes, PATH is not there/);
  assert.match(reactor, /"level":"error".*\/etc\/passwd is not there/);
  call('DEL', 'reactor');
  logged();
  call('ADD', 'command');
  const command = logged();
  assert.match(command, /no arguments, a clock/, command);
  call('DEL', 'command');
});

test.run();
