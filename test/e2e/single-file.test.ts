// The single-file executable on a node without Node: the whole chain on the real kernel, and nothing of it stays behind.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildExecutable, wholeNode } from '../../host/build/executable.mjs';
import { addAll, checkAll, delAll, parseConflist, type Target } from '../../host/cli/run-conflist.ts';
import { moduleDigests } from '../../plugins-as/build.mjs';
import { addNetns, deleteNetns, inNetns, picture, sh, skip } from '../support/node.ts';

/** A file system in memory, the test's own (support/in-own-node.sh). */
const BIN = '/opt/cni/bin';
const EXECUTABLE = join(BIN, 'cni-wasm');
/** Where the native part may be loaded from, and would lie if it were left. */
const FOLDERS = ['/dev/shm', '/var/lib', '/run', BIN];

process.env['npm_config_offline'] = 'true';
try {
  wholeNode(process.arch);
} catch {
  skip('this Node is in a library, and none that is whole in one file could be fetched');
}

const test = suite('single-file executable');

test.before(async () => {
  // Others may use the machine's meanwhile.
  sh('mount', '-t', 'tmpfs', 'tmpfs', '/dev/shm');
  await buildExecutable(EXECUTABLE, process.arch, moduleDigests());
  for (const name of Object.keys(moduleDigests())) symlinkSync('cni-wasm', join(BIN, name));
  // From here on there is no Node.
  sh('mount', '--bind', '/dev/null', process.execPath);
});
test.after(() => void spawnSync('umount', [process.execPath]));

const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
const target = (containerId: string, netns: string): Target => ({
  containerId, netns, ifname: 'eth0', path: [BIN],
  capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 20_000_000, ingressBurst: 2_000_000, egressRate: 20_000_000, egressBurst: 2_000_000 } },
});

const listing = (): string[][] => FOLDERS.map((folder) => readdirSync(folder).sort());

interface Said { status: number | null; stdout: string; stderr: string }
const run = (program: string, args: readonly string[], { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {}): Said =>
  spawnSync(program, args, { env: { PATH: '/nowhere', ...env }, input, encoding: 'utf8' });

test('there is no Node', () => {
  assert.is.not(spawnSync(process.execPath, ['--version']).status, 0);
});

test('ADD, CHECK and DEL of a chain, and nothing is left', () => {
  const netns = addNetns('c1');
  const one = target('c1', netns);
  delAll(list, one, addAll(list, one));
  const before = [picture(['c1']), listing()];
  const result = addAll(list, one);
  assert.match(inNetns('c1', 'ip', '-4', 'addr', 'show', 'eth0'), /inet 192\.0\.2\./);
  checkAll(list, one, result);
  delAll(list, one, result);
  const after = [picture(['c1']), listing()];
  assert.equal(after, before);
  deleteNetns('c1');
});

test('named after a plugin it is the plugin, with words the command for people', () => {
  assert.match(run(join(BIN, 'bridge'), [], { env: { CNI_COMMAND: 'VERSION' } }).stdout, /"supportedVersions"/);
  assert.match(run(join(BIN, 'bridge'), []).stderr, /CNI bridge plugin/);
  assert.match(run(EXECUTABLE, ['--version']).stdout, /^v\d/);
  const plan = run(EXECUTABLE, ['plan', 'add', 'conf/10-blue.conflist']);
  assert.is(plan.status, 0, plan.stderr);
  assert.match(plan.stdout, /bridge: link/);
  assert.match(run(EXECUTABLE, ['serve']).stderr, /use the archive/);
});

test('what only some calls need is inside as well', () => {
  const netns = addNetns('c2');
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CNI_CONTAINERID: 'c2', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: `${BIN}:/run/bin` };
  // execa starts foreign IPAM programs.
  mkdirSync('/run/bin');
  writeFileSync('/run/bin/acme-ipam', `#!/bin/sh\necho '{"cniVersion":"1.0.0","ips":[{"address":"192.0.2.9/24"}]}'\n`, { mode: 0o755 });
  const input = JSON.stringify({ cniVersion: '1.0.0', name: 'green', type: 'bridge', bridge: 'acme0', ipam: { type: 'acme-ipam' } });
  for (const verb of ['ADD', 'DEL']) {
    const { status, stdout } = run(join(BIN, 'bridge'), [], { env: { ...env, CNI_COMMAND: verb }, input });
    assert.is(status, 0, stdout);
    if (verb === 'ADD') assert.match(stdout, /192\.0\.2\.9\/24/);
  }
  deleteNetns('c2');
  // pino writes what was refused: here a module that is gone.
  mkdirSync('/etc/cni/wasm');
  writeFileSync('/etc/cni/wasm/modules.lock', JSON.stringify({ acme: { digest: `sha256:${'0'.repeat(64)}` } }));
  const gone = JSON.stringify({ cniVersion: '1.0.0', name: 'green', type: 'cni-wasm', module: 'acme' });
  assert.match(run(EXECUTABLE, [], { env: { ...env, CNI_COMMAND: 'ADD' }, input: gone }).stderr, /^\{"level":"warn"/);
  // A program of our own asks firewalld.
  const task = { address: 'unix:path=/nowhere', do: 'query', zone: 'trusted', sources: [] };
  assert.match(run(EXECUTABLE, ['--own-program', 'firewalld'], { input: JSON.stringify(task) }).stdout, /"unreachable":.*ENOENT/);
});

/** In a namespace of mounts of its own, in which code may not be loaded from these file systems. */
const withNoexec = (folders: readonly string[], more: string): Said => {
  const script = `for folder in ${folders.join(' ')}; do mount -t tmpfs -o noexec tmpfs $folder; done; ${more} exec "${BIN}/static"`;
  // Needs nothing of a node but locks, which are made by the native part.
  const env = { PATH: process.env['PATH'], CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/nowhere', CNI_IFNAME: 'eth0', CNI_PATH: BIN };
  const input = JSON.stringify({ cniVersion: '1.0.0', name: 'blue', ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24' }] } });
  return spawnSync('unshare', ['--mount', 'sh', '-ec', script], { input, env, encoding: 'utf8' });
};

test('where /dev/shm is mounted with noexec the native part is loaded from another file system; where all are, the error names them', () => {
  const other = withNoexec(['/dev/shm'], '');
  assert.match(other.stdout, /192\.0\.2\.7/);
  const none = withNoexec(['/dev/shm', '/run', '/var/lib', '/tmp'], `mount -o remount,ro /opt/cni;`);
  assert.is(none.status, 1);
  for (const folder of ['/dev/shm', BIN, '/run', '/var/lib', '/tmp']) assert.ok(none.stdout.includes(`${folder}: `), none.stdout);
});

test.run();
