// The archive as a node gets it: unpacked at its place it attaches; its units are valid, and the socket starts the resident host, which also
// serves the launcher for arm64.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildArchive } from '../../host/build/archive.mjs';
import { launcherToMove } from '../../host/build/launcher.mjs';
import { addAll, checkAll, delAll, parseConflist, type Target } from '../../host/cli/run-conflist.ts';
import { moduleDigests } from '../../plugins-as/build.mjs';
import { addNetns, deleteNetns, has, picture, sh, skip } from '../support/node.ts';
import type { Line } from '../support/resident-host.ts';
import { until } from '../support/until.ts';

for (const program of ['clang', 'qemu-aarch64-static', 'systemd-analyze', 'systemd-socket-activate']) if (!has(program)) skip(`${program} is missing`);

const PLACE = '/opt/cni-wasm';
const BIN = '/opt/cni/bin';
const SOCKET = '/run/cni-wasm/host.sock';
const LOG = '/run/served.log';

const test = suite('archive');

test.before(async () => {
  const archive = '/run/cni-wasm.tar.gz';
  await buildArchive(archive, process.arch, 'cni-wasm-1', Object.keys(moduleDigests()));
  const arm = launcherToMove('arm64', {});
  // /opt as on a fresh node, and nothing of the build where it was built.
  for (const folder of ['/opt', 'dist/bin', 'dist/lib', 'dist/plugins']) sh('mount', '-t', 'tmpfs', 'tmpfs', folder);
  for (const folder of [PLACE, BIN]) mkdirSync(folder, { recursive: true });
  sh('tar', '-xzf', archive, '-C', PLACE, '--strip-components=1');
  for (const name of readdirSync(`${PLACE}/bin`)) symlinkSync(`${PLACE}/bin/${name}`, join(BIN, name));
  mkdirSync(`${PLACE}/arm64`);
  writeFileSync(`${PLACE}/arm64/static`, arm, { mode: 0o755 });
});

test('a chain is attached and taken back', () => {
  const netns = addNetns('c1');
  const list = parseConflist(readFileSync(`${PLACE}/conf/10-blue.conflist`, 'utf8'));
  const one: Target = { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] } };
  delAll(list, one, addAll(list, one));
  const before = picture(['c1']);
  const result = addAll(list, one);
  checkAll(list, one, result);
  delAll(list, one, result);
  assert.equal(picture(['c1']), before);
  deleteNetns('c1');
});

test('the units are what systemd wants', () => {
  const units = readdirSync(`${PLACE}/conf/systemd`).map((name) => `${PLACE}/conf/systemd/${name}`);
  const verify = (): { status: number | null; stderr: string } => spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' });
  const { status, stderr } = verify();
  assert.is(status, 0, stderr);
  assert.not.match(stderr, 'cni-wasm');
  // It does look: a wrong word is one, and so is a program that is not there.
  const [service] = units.filter((path) => path.endsWith('.service'));
  writeFileSync(service!, readFileSync(service!, 'utf8').replace('KillMode=process', 'KillMode=some').replace('/bin/cni-wasm', '/bin/none'));
  const wrong = verify();
  assert.is.not(wrong.status, 0);
  for (const complaint of [/cni-wasm\.service:\d+: .*ignoring: some/, /\/bin\/none is not executable/]) assert.match(wrong.stderr, complaint);
});

const lines = (): Line[] => (existsSync(LOG) ? readFileSync(LOG, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line) : []);
const servedTo = (container: string): boolean => lines().some(({ msg, container: one }) => msg === 'answered' && one === container);

/** Needs nothing of a node. */
function addStatic(containerId: string, file: string, ...args: string[]): void {
  const env = { PATH: process.env['PATH'], CNI_COMMAND: 'ADD', CNI_CONTAINERID: containerId, CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: BIN };
  const input = JSON.stringify({ cniVersion: '1.0.0', name: 'blue', ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24' }] } });
  const { stdout, stderr } = spawnSync(file, args, { env, input, encoding: 'utf8' });
  assert.match(stdout, /192\.0\.2\.7\/24/, stderr);
}

test('the socket starts the host with the first call, and the launcher for arm64 hands it calls as well', async () => {
  mkdirSync('/run/cni-wasm', { recursive: true, mode: 0o700 });
  const activator = spawn('systemd-socket-activate', ['--listen', SOCKET, '--setenv=CNI_WASM_LOG=info', `--setenv=CNI_WASM_LOG_FILE=${LOG}`, `--setenv=PATH=${process.env['PATH']}`, `${PLACE}/bin/cni-wasm`, 'serve'], { stdio: 'ignore' });
  try {
    await until('the socket is there', () => existsSync(SOCKET));
    assert.equal(lines(), [], 'nobody has called');
    // The one that starts it may find that it takes too long, and does the work itself.
    await until('a call is served', () => {
      addStatic('c1', join(BIN, 'static'));
      return servedTo('c1');
    });
    assert.equal(lines().filter(({ msg }) => msg === 'listening').map(({ at }) => at), ['file descriptor 3'], 'one host, on the socket it was given');
    await until('a call of arm64 is served', () => {
      addStatic('c2', 'qemu-aarch64-static', `${PLACE}/arm64/static`);
      return servedTo('c2');
    });
  } finally {
    const ended = new Promise((resume) => { activator.on('exit', resume); });
    activator.kill('SIGTERM');
    await ended;
    rmSync(SOCKET, { force: true });
  }
});

test.run();
