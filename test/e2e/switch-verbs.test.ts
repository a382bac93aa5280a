// GC and STATUS of the whole node: a call under way is let be, every error is told, many attachments go at once, and what is lacking is said.
// SPDX-License-Identifier: Apache-2.0

import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, files, inNetns, sh } from '../support/node.ts';
import { until } from '../support/until.ts';
import { fresh, nodePicture, notes } from './switch-node.ts';

const ACME = '/run/acme';
mkdirSync(ACME);
sh('mkfifo', `${ACME}/go`);
// An IPAM program that answers when it is told to.
writeFileSync(`${ACME}/acme-ipam`, `#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exit 0
: > ${ACME}/asked
read word < ${ACME}/go
printf '{"cniVersion":"1.1.0","ips":[{"address":"192.0.2.9/24","gateway":"192.0.2.1"}]}'
`);
chmodSync(`${ACME}/acme-ipam`, 0o755);

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CNI_PATH: `${BIN}:${ACME}` };
const bridge = (ipam: object): object => ({ type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipam });
const POOL = { type: 'host-local', subnet: '198.51.0.0/16' };
const NONE = { 'cni.dev/valid-attachments': null };

function start(verb: string, plugins: readonly object[], more: object = {}, env: Record<string, string> = {}): ChildProcess {
  const child = spawn(`${BIN}/cni-wasm`, [], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...ENV, CNI_COMMAND: verb, ...env } });
  child.stdin.end(JSON.stringify({ cniVersion: '1.1.0', name: 'blue', type: 'cni-wasm', plugins, ...more }));
  return child;
}

async function end(child: ChildProcess): Promise<{ code: number | null; out: string }> {
  const [out, code] = await Promise.all([text(child.stdout!), new Promise<number | null>((done) => { child.on('close', done); })]);
  return { code, out };
}

const of = (i: number): Record<string, string> => ({ CNI_CONTAINERID: `c${i}`, CNI_NETNS: '/run/netns/c1', CNI_IFNAME: `eth${i}` });

/** It stands in line for the network's lock: it found the call under way. */
function isWaiting({ pid }: ChildProcess): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/network-blue~line/'));
  } catch {
    return false;
  }
}

test('an ADD that is under way when GC comes keeps everything', async () => {
  fresh('c1');
  const adding = start('ADD', [bridge({ type: 'acme-ipam' })], {}, of(0));
  await until('ADD asks its IPAM program', () => existsSync(`${ACME}/asked`));
  const collecting = start('GC', [bridge({ type: 'acme-ipam' })], NONE);
  await until('GC waits for it', () => isWaiting(collecting));
  writeFileSync(`${ACME}/go`, 'go\n');
  const [added, collected] = await Promise.all([end(adding), end(collecting)]);
  assert.is(added.code, 0, added.out);
  assert.is(collected.code, 0, collected.out);
  assert.match(inNetns('c1', 'ip', 'addr', 'show', 'eth0'), /192\.0\.2\.9/);
  assert.match(sh('iptables-save', '-t', 'nat'), /MASQUERADE/);
  // The next one finds it made, and not listed.
  assert.is((await end(start('GC', [bridge({ type: 'acme-ipam' })], NONE))).code, 0);
  assert.not.match(inNetns('c1', 'ip', 'link'), /eth0/);
  assert.equal(notes(), []);
});

test('GC goes on after an error and tells all of them', async () => {
  fresh('c1');
  assert.is((await end(start('ADD', [bridge(POOL)], {}, of(0)))).code, 0);
  const { code, out } = await end(start('GC', [bridge({ type: 'nobody' }), { type: 'bridge', bridge: 'cni1', ipam: { type: 'noone' } }, bridge(POOL)], NONE));
  assert.is(code, 1);
  assert.match(out, /failed to find plugin \\"nobody\\" in path .*failed to find plugin \\"noone\\" in path/);
  assert.not.match(`${nodePicture()}${inNetns('c1', 'ip', 'link')}`, /eth0|veth|\/var\/lib\/cni\/networks/);
});

test('GC of many', async () => {
  fresh('c1');
  const many = 40;
  for (let i = 0; i < many; i += 4) await Promise.all([0, 1, 2, 3].map(async (k) => {
    const { code, out } = await end(start('ADD', [bridge(POOL)], {}, of(i + k)));
    assert.is(code, 0, out);
  }));
  assert.is(files('/var/lib/cni/networks').length, many);
  const started = performance.now();
  const { code, out } = await end(start('GC', [bridge(POOL)], NONE));
  console.log(`GC of ${many} attachments: ${Math.round(performance.now() - started)} ms`);
  assert.is(code, 0, out);
  assert.not.match(`${nodePicture()}${inNetns('c1', 'ip', 'link')}`, /eth\d|veth|\/var\/lib\/cni\/networks|MASQUERADE/);
  assert.equal(notes(), []);
});

const saysNotAvailable = (what: string, plugins: readonly object[], words: RegExp, env: Record<string, string> = {}): void => test(`STATUS is 50: ${what}`, async () => {
  fresh();
  const { code, out } = await end(start('STATUS', plugins, {}, env));
  assert.is(code, 1);
  assert.match(out, /"code": 50,/);
  assert.match(out, words);
});

mkdirSync('/run/read-only');
sh('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', '/run/read-only');
saysNotAvailable('the IPAM program is not on CNI_PATH', [bridge({ type: 'nobody' })], /failed to find plugin \\"nobody\\" in path/);
for (const root of ['STATE', 'RUN', 'LEASES']) saysNotAvailable(`CNI_WASM_${root} cannot be written`, [bridge(POOL)], /\/run\/read-only/, { [`CNI_WASM_${root}`]: '/run/read-only' });

// Full of bytes, and of files: the root of a tmpfs is one.
for (const [full, options, fill] of [['bytes', 'size=64k', true], ['files', 'nr_inodes=1', false]] as const) {
  const root = `/run/full-of-${full}`;
  mkdirSync(root);
  sh('mount', '-t', 'tmpfs', '-o', `mode=700,${options}`, 'tmpfs', root);
  if (fill) writeFileSync(`${root}/much`, Buffer.alloc(64 * 1024));
  for (const kept of ['STATE', 'RUN']) saysNotAvailable(`the file system of CNI_WASM_${kept} is full of ${full}`, [bridge(POOL)], new RegExp(`\\\\"${root}\\\\" cannot be written \\(ENOSPC\\)`), { [`CNI_WASM_${kept}`]: root });
}

// Ours below the roots, and the network's below those: in the place of a folder something else, or a file system that cannot be written.
for (const [root, below] of [['STATE', 'ledger'], ['STATE', 'ledger/blue'], ['RUN', 'journal'], ['RUN', 'journal/blue'], ['RUN', 'lock']] as const) {
  const name = below.replace('/', '-');
  const [file, mounted] = [`/run/file-for-${name}`, `/run/mount-for-${name}`];
  for (const top of [file, mounted]) mkdirSync(dirname(join(top, below)), { recursive: true, mode: 0o700 });
  writeFileSync(join(file, below), '');
  mkdirSync(join(mounted, below));
  sh('mount', '-t', 'tmpfs', '-o', 'ro,mode=700', 'tmpfs', join(mounted, below));
  const says = (top: string, errno: string): RegExp => new RegExp(`\\\\"${join(top, below)}\\\\" cannot be written \\(${errno}\\)`);
  saysNotAvailable(`a file is in the place of ${below}`, [bridge(POOL)], says(file, 'ENOTDIR'), { [`CNI_WASM_${root}`]: file });
  saysNotAvailable(`${below} is mounted read-only`, [bridge(POOL)], says(mounted, 'EROFS'), { [`CNI_WASM_${root}`]: mounted });
}

mkdirSync('/run/full-leases');
sh('mount', '-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', '/run/full-leases');
writeFileSync('/run/full-leases/much', Buffer.alloc(4096));
// The lock of the leases is a file without bytes, for which there is room.
for (const [what, keys, env] of [['CNI_WASM_LEASES', {}, { CNI_WASM_LEASES: '/run/full-leases' }], ['dataDir', { dataDir: '/run/full-leases' }, {}]] as const) {
  saysNotAvailable(`the file system of ${what} is full`, [bridge({ ...POOL, ...keys })], /\\"\/run\/full-leases\/[a-z]+\\" has no space left \(ENOSPC\)/, env);
}

test('STATUS is 50 when the bridge has another address, as ADD says it', async () => {
  fresh('c1');
  sh('ip', 'link', 'add', 'cni0', 'type', 'bridge');
  sh('ip', 'address', 'add', '203.0.113.9/24', 'dev', 'cni0');
  const plugins = [bridge(POOL)];
  const [status, add] = [await end(start('STATUS', plugins)), await end(start('ADD', plugins, {}, of(0)))];
  const said = ({ out }: { out: string }): { code: number; msg: string } => JSON.parse(out) as { code: number; msg: string };
  assert.is(said(status).code, 50);
  assert.match(said(status).msg, /^failed to set bridge addr: "cni0" already has an IP address different from /);
  assert.is(said(add).msg, said(status).msg);
  sh('ip', 'link', 'delete', 'cni0');
});

test("STATUS is 50 when a link has the bridge's name, and 51 when containers had been on the bridge", async () => {
  const status = async (): Promise<string> => (await end(start('STATUS', [bridge(POOL)]))).out;
  fresh('c1');
  const take = (): string => sh('ip', 'link', 'add', 'cni0', 'type', 'veth', 'peer', 'name', 'other0');
  take();
  assert.match(await status(), /"code": 50,\s+"msg": "\\"cni0\\" already exists but is not a bridge"/);
  sh('ip', 'link', 'delete', 'cni0');
  assert.is((await end(start('ADD', [bridge(POOL)], {}, of(0)))).code, 0);
  sh('ip', 'link', 'set', 'cni0', 'down');
  assert.is(await status(), '', 'the next ADD sets it up');
  sh('ip', 'link', 'delete', 'cni0');
  assert.is(await status(), '', 'the next ADD makes it');
  take();
  assert.match(await status(), /"code": 51,\s+"msg": "\\"cni0\\" already exists but is not a bridge"/);
  assert.is((await end(start('ADD', [bridge(POOL)], {}, of(1)))).code, 1);
  sh('ip', 'link', 'delete', 'cni0');
  assert.is((await end(start('DEL', [bridge(POOL)], {}, of(0)))).code, 0);
});

test('STATUS is silent when all is well', async () => {
  fresh();
  assert.equal(await end(start('STATUS', [bridge(POOL), { type: 'portmap' }, { type: 'bandwidth' }])), { code: 0, out: '' });
});

test.run();
