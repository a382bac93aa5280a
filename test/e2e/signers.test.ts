// Signed modules: what a signer's modules get, and at most; and `explain`, which says why.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';
import { addNetns, BIN, sh } from '../support/node.ts';

const netns = addNetns('c1');
const FOLDER = '/run/acme';
mkdirSync(FOLDER);
mkdirSync('/etc/cni/wasm', { recursive: true });
const cli = (...words: string[]) => spawnSync(`${BIN}/cni-wasm`, words, { encoding: 'utf8' });
const keygen = (file: string): string => /ed25519:\S+/.exec(sh(`${BIN}/cni-wasm`, 'keygen', file))![0];
const acme = keygen(`${FOLDER}/acme.pem`);
const WANTS = { route: ['container', 'host'], conntrack: true };

/** Succeeds with an empty result once it may run at all. */
function publish(version: string, config?: object): string {
  const bytes = bytesOf(`(module
    (import "cni:abi/1" "result" (func $result (param i32 i32))) (import "cni:route/1" "add" (func (param i32 i32) (result i32))) (import "cni:conntrack/1" "flush" (func (param i32 i32) (result i32)))
    (memory (export "memory") 1 1) (data (i32.const 0) "{}") (func (export "cni_abi_1"))
    (func (export "cni_add") (param i32) (result i32) (call $result (i32.const 0) (i32.const 2)) (i32.const 0)))`);
  const file = `${FOLDER}/acme-${version}.wasm`;
  writeFileSync(file, stamp(bytes, JSON.stringify({ abi: 1, name: 'acme', version, role: 'main', wants: WANTS, optional: ['conntrack.flush'], ...(config ? { config } : {}) })));
  return file;
}
const policy = (value: object): void => writeFileSync('/etc/cni/wasm/policy.json', JSON.stringify({ version: 1, ...value }));
const digest = (): string => (JSON.parse(readFileSync('/etc/cni/wasm/modules.lock', 'utf8')) as Record<string, { digest: string }>)['acme']!.digest;
const add = (conf: object = {}) => execute('cni-wasm', 'ADD', { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], env: { CNI_WASM_LOG: 'error' } }, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm', module: 'acme', ...conf }));
/** Its exit code says whether a module is refused. */
const explained = (exitCode: number): string => {
  writeFileSync(`${FOLDER}/blue.conflist`, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type: 'bridge', ipam: { type: 'host-local' } }, { type: 'cni-wasm', module: 'acme' }, { type: 'ptp' }] }));
  const { status, stdout } = cli('explain', `${FOLDER}/blue.conflist`);
  assert.is(status, exitCode, stdout);
  return stdout;
};
const refused = (code: number, says: RegExp): void => {
  const { exitCode, stdout } = add();
  assert.is(exitCode, 1, stdout);
  assert.is((JSON.parse(stdout) as { code: number }).code, code);
  assert.match(stdout.replace(/\\"/g, '"'), says);
};

test('signed by a key that the policy names, a module gets what it wants within that, and so does its next version', () => {
  policy({ signers: { acme: { key: acme, may: { route: ['container'] } } } });
  for (const version of ['1.0.0', '1.0.1']) {
    const file = publish(version);
    sh(`${BIN}/cni-wasm`, 'sign', file, '--key', `${FOLDER}/acme.pem`);
    assert.match(sh(`${BIN}/cni-wasm`, 'install', file), new RegExp(`signed by ${acme.replace(/[+/]/g, '\\$&')}`));
    assert.is(add().exitCode, 0, add().stdout);
  }
  assert.match(sh(`${BIN}/cni-wasm`, 'inspect', 'acme'), /signed +by ed25519:/);
});

test('explain says what each module gets, by whom, and the line for what it does not get', () => {
  const text = explained(0);
  assert.match(text, /plugin "bridge" .*sha256:[0-9a-f]{64}\n.*asks for .*link\.create[^]*because +it ships with this host/);
  assert.match(text, /IPAM plugin "host-local"/);
  assert.match(text, /plugin "acme" 1\.0\.1[^]*gets +route \["container"\]\n +because +signer "acme"/);
  assert.match(text, /not whole +route: its signer "acme" may not give it; to allow it, in \/etc\/cni\/wasm\/policy\.json: signers\["acme"\]\.may \+= \{"route":\["container","host"\]\}/);
  assert.match(text, /without +conntrack\.flush/);
  assert.match(text, /plugin "ptp": no module of this host's/);
});

test('an entry by digest goes no further than the signer may, and says so', () => {
  policy({ signers: { acme: { key: acme, may: { conntrack: true } } }, modules: { [digest()]: { grants: WANTS } } });
  refused(101, /policy grants none within what its signer "acme" may give.*signers\["acme"\]\.may \+= /s);
  assert.match(explained(1), /because +its entry in the policy, within what signer "acme" may give/);
});

test('a signer counts on its networks, and its limits are the most there is', () => {
  policy({ signers: { acme: { key: acme, networks: ['red'], may: WANTS } } });
  refused(101, /may grant none on network "blue".*signers\["acme"\]\.networks \+= \["blue"\]/s);
  policy({ signers: { acme: { key: acme, may: WANTS, limits: { memoryPages: 1, timeMs: 5000 } } } });
  assert.is(add().exitCode, 0);
});

test('the key of somebody else vouches for nothing, and a forged signature is refused', () => {
  policy({ signers: { other: { key: keygen(`${FOLDER}/other.pem`), may: WANTS } } });
  refused(101, /policy grants none/);
  const blob = `/var/lib/cni-wasm/blobs/sha256/${digest().slice(7)}.sig`;
  const forged = { ...(JSON.parse(readFileSync(blob, 'utf8')) as object), signature: Buffer.alloc(64).toString('base64') };
  policy({ signers: { acme: { key: acme, may: WANTS } } });
  writeFileSync(blob, JSON.stringify(forged));
  refused(100, /has a signature that "acme" did not make/);
  writeFileSync(blob, '{');
  refused(100, /signature .*\.sig/);
  policy({ modules: { [digest()]: { grants: WANTS } } });
  assert.is(add().exitCode, 0, 'a policy without signers reads no signature');
  assert.match(cli('install', publish('1.0.2')).stdout, /^installed "acme" 1\.0\.2 as sha256:\w+\nin place of sha256:\w+, whose bytes stay/);
});

test('a signature that openssl made counts as well', () => {
  const file = publish('2.0.0');
  sh(`${BIN}/cni-wasm`, 'install', file);
  writeFileSync(`${FOLDER}/message`, `cni-wasm module ${digest()}\n`);
  sh('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', `${FOLDER}/openssl.pem`);
  sh('openssl', 'pkeyutl', '-sign', '-inkey', `${FOLDER}/openssl.pem`, '-rawin', '-in', `${FOLDER}/message`, '-out', `${FOLDER}/signature`);
  const key = `ed25519:${sh('sh', '-c', `openssl pkey -in ${FOLDER}/openssl.pem -pubout -outform DER | tail -c 32 | base64`).trim()}`;
  writeFileSync(`${file}.sig`, JSON.stringify({ key, signature: readFileSync(`${FOLDER}/signature`).toString('base64') }));
  sh(`${BIN}/cni-wasm`, 'install', file);
  policy({ signers: { openssl: { key, may: WANTS } } });
  assert.is(add().exitCode, 0);
});

test('a configuration that is not as the manifest says is refused with code 7 before the module runs; DEL goes on', () => {
  const file = publish('3.0.0', { type: 'object', required: ['mtu'], properties: { mtu: { type: 'integer', minimum: 68, maximum: 65535, description: 'of the link' }, mode: { enum: ['a', 'b'] }, list: { type: 'array', items: { type: 'string' } } } });
  sh(`${BIN}/cni-wasm`, 'install', file);
  policy({ modules: { [digest()]: { grants: WANTS } } });
  refused(7, /plugin "acme": the configuration needs "mtu"/);
  for (const [conf, says] of [[{ mtu: '9' }, /"mtu" must be an integer, got \\"9\\"/], [{ mtu: 1 }, /"mtu" must be 68 to 65535, got 1/], [{ mtu: 1500, mode: 'c' }, /"mode" must be one of \\"a\\", \\"b\\"/], [{ mtu: 1500, list: ['x', 1] }, /"list\[1\]" must be a string/]] as const) {
    const { stdout } = add(conf);
    assert.match(stdout.replace(/\\"(?=(mtu|mode|list))|(?<=mtu|mode|\])\\"/g, '"'), says);
  }
  assert.is(add({ mtu: 1500, mode: 'a', list: [] }).exitCode, 0);
  assert.match(sh(`${BIN}/cni-wasm`, 'inspect', file), /config +mtu \(integer, required\) of the link/);
});

test('every command says how it is used, and what was wrong with its words', () => {
  for (const command of ['inspect', 'explain', 'install', 'keygen', 'sign', 'run', 'serve']) {
    assert.match(cli(command, '--help').stdout, new RegExp(`^cni-wasm ${command}`));
    assert.match(cli('--help').stdout, new RegExp(`^  cni-wasm ${command} `, 'm'));
  }
  for (const command of ['inspect', 'explain', 'install', 'keygen', 'sign', 'run']) {
    const { status, stderr } = cli(command);
    assert.is(status, 2);
    assert.match(stderr, new RegExp(`^cni-wasm: ${command}: \\S.*; see cni-wasm ${command} --help\n$`));
  }
  assert.match(cli('keygen', `${FOLDER}/acme.pem`).stderr, /cannot be written: file already exists/);
  assert.match(cli('sign', `${FOLDER}/acme-1.0.0.wasm`, '--key', `${FOLDER}/message`).stderr, /is no private key in PEM/);
});

test.run();
