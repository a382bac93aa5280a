// host-local on the node: leases shared with the reference by many calls at once, GC of very many, and a node's pod subnets.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute, type Answer } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, REFERENCE_191, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/host-local`)) skip(`no reference plugins 1.9.1 in ${REFERENCE_191}`);

const FOLDER = '/var/lib/cni/networks/blue';
const POD_CIDR = '/etc/cni/wasm/pod-cidr';
const netns = addNetns('c1');
const conf = (ipam: object, more: object = {}): string => JSON.stringify({ cniVersion: '1.1.0', name: 'blue', type: 'bridge', ipam: { type: 'host-local', ...ipam }, ...more });
const call = (bin: string, verb: string, stdin: string, containerId = 'c1'): Answer => execute('host-local', verb, { containerId, netns, ifname: 'eth0', path: [bin] }, stdin);
const leases = (): string[] => (existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => /^[0-9a-f]+[.:]/.test(name)).sort() : []);
test.before.each(() => rmSync('/var/lib/cni/networks', { recursive: true, force: true }));

const started = (bin: string, verb: string, stdin: string, containerId: string): Promise<{ code: number | null; text: string }> => new Promise((resolve, reject) => {
  const child = spawn(`${bin}/host-local`, { env: { CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: bin }, stdio: ['pipe', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, text }));
  child.stdin.end(stdin);
});

test('calls of both at once get addresses of their own, and each gives back what the other gave', async () => {
  const pool = conf({ ranges: [[{ subnet: '192.0.2.0/27' }], [{ subnet: '2001:db8::/64' }]] });
  const ids = Array.from({ length: 16 }, (_, i) => `c${i}`);
  const bin = (i: number): string => (i % 2 === 0 ? BIN : REFERENCE_191);
  const added = await Promise.all(ids.map((id, i) => started(bin(i), 'ADD', pool, id)));
  const given = added.flatMap(({ code, text }) => {
    assert.is(code, 0, text);
    return (JSON.parse(text) as { ips: { address: string }[] }).ips.map(({ address }) => address.replace(/\/.*/, ''));
  });
  assert.is(new Set(given).size, 2 * ids.length);
  assert.equal(leases(), [...given].sort());
  const ended = await Promise.all(ids.map((id, i) => started(bin(i + 1), 'DEL', pool, id)));
  for (const { code, text } of ended) assert.is(code, 0, text);
  assert.equal(leases(), []);
});

test('the round goes on where the other left it, and an exhausted set is so for both', () => {
  const pool = conf({ subnet: '192.0.2.0/29' });
  const next = (bin: string, id: string): string => (JSON.parse(call(bin, 'ADD', pool, id).stdout) as { ips?: { address: string }[] }).ips?.[0]?.address ?? 'none';
  assert.equal([next(BIN, 'a'), next(REFERENCE_191, 'b'), next(BIN, 'c'), next(REFERENCE_191, 'd'), next(BIN, 'e')],
    ['192.0.2.2/29', '192.0.2.3/29', '192.0.2.4/29', '192.0.2.5/29', '192.0.2.6/29']);
  const [ours, theirs] = [BIN, REFERENCE_191].map((bin) => JSON.parse(call(bin, 'ADD', pool, 'f').stdout) as { code: number; msg: string; details?: string }) as [{ details?: string }, object];
  assert.match(ours.details!, /^all 5 addresses of range set 0 are leased; /);
  delete ours.details;
  assert.equal(ours, theirs);
  const { exitCode, stdout } = call(BIN, 'STATUS', pool);
  assert.equal([exitCode, (JSON.parse(stdout) as { code: number }).code], [1, 50]);
  assert.match(stdout, /all 5 addresses of range set 0 are leased/);
  call(REFERENCE_191, 'DEL', pool, 'c');
  assert.is(call(BIN, 'STATUS', pool).stdout, '');
  assert.is(next(BIN, 'f'), '192.0.2.4/29');
});

test('a lease whose writer was killed is free, which the reference never learns', () => {
  mkdirSync(FOLDER, { recursive: true });
  for (const last of [2, 3, 4, 5, 6]) writeFileSync(`${FOLDER}/192.0.2.${last}`, '');
  const pool = conf({ subnet: '192.0.2.0/29' });
  assert.match(call(REFERENCE_191, 'ADD', pool).stdout, /no IP addresses available/);
  assert.is((JSON.parse(call(BIN, 'ADD', pool).stdout) as { ips: { address: string }[] }).ips[0]!.address, '192.0.2.2/29');
  assert.is(readFileSync(`${FOLDER}/192.0.2.2`, 'utf8'), 'c1\r\neth0');
});

test('GC frees 60,000 leases of both forms and keeps those that are valid', () => {
  mkdirSync(FOLDER, { recursive: true });
  const id = (n: number): string => n.toString(16).padStart(64, '0');
  for (let n = 0; n < 60_000; n++) writeFileSync(`${FOLDER}/198.18.${n >> 8}.${n & 255}`, n % 2 === 0 ? `${id(n)}\r\neth0` : id(n));
  writeFileSync(`${FOLDER}/last_reserved_ip.0`, '198.18.234.95');
  const pool = { subnet: '198.18.0.0/16' };
  assert.is(call(BIN, 'GC', conf(pool)).exitCode, 0);
  assert.is(leases().length, 60_000, 'a list that is absent says nothing');
  const valid = [id(1), id(2), id(59_999)].map((containerID) => ({ containerID, ifname: 'eth0' }));
  const collected = call(BIN, 'GC', conf(pool, { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }));
  assert.is(collected.stdout, '');
  assert.equal(leases(), ['198.18.0.1', '198.18.0.2', '198.18.234.95']);
  assert.is(readFileSync(`${FOLDER}/last_reserved_ip.0`, 'utf8'), '198.18.234.95');
  assert.is(call(BIN, 'GC', conf(pool, { 'cni.dev/valid-attachments': null, 'cni.dev/attachments': null })).exitCode, 0);
  assert.equal(leases(), []);
});

test('"usePodCidr" is what the node\'s file says, for a foreign main plugin and for ours', () => {
  const pool = conf({ subnet: 'usePodCidr' }, { cniVersion: '0.4.0', type: 'calico', policy: { type: 'k8s' } });
  const refused = JSON.parse(call(BIN, 'ADD', pool).stdout) as { msg: string; details: string };
  assert.is(refused.msg, `the pod subnets of this node are not known: open ${POD_CIDR}: no such file or directory`);
  assert.match(refused.details, /write them to "\/etc\/cni\/wasm\/pod-cidr", one on each line: kubectl get node/);
  const status = JSON.parse(call(BIN, 'STATUS', conf({ subnet: 'usePodCidr' })).stdout) as { code: number; msg: string };
  assert.equal([status.code, status.msg], [50, refused.msg]);
  mkdirSync('/etc/cni/wasm', { recursive: true });
  writeFileSync(POD_CIDR, '# written by the installer\n192.0.2.0/25\n2001:db8:7::/64\n');
  const { ips } = JSON.parse(call(BIN, 'ADD', pool).stdout) as { ips: { address: string }[] };
  assert.equal(ips.map(({ address }) => address), ['192.0.2.2/25', '2001:db8:7::2/64']);
  assert.is(call(BIN, 'STATUS', conf({ subnet: 'usePodCidr' })).stdout, '');
  writeFileSync(POD_CIDR, '192.0.2.0\n');
  assert.match(call(BIN, 'STATUS', conf({ subnet: 'usePodCidr' })).stdout, /invalid CIDR address in \/etc\/cni\/wasm\/pod-cidr: 192\.0\.2\.0/);
  rmSync(POD_CIDR);
  assert.is(call(BIN, 'DEL', pool).exitCode, 0);
  assert.equal(leases(), []);
  const list = (verb: string): Answer => execute('bridge', verb, { containerId: 'c2', netns, ifname: 'eth0', path: [BIN] }, conf({ subnet: 'usePodCidr' }));
  assert.match(list('ADD').stdout, /the pod subnets of this node are not known/);
  writeFileSync(POD_CIDR, '192.0.2.0/25\n');
  assert.is(list('ADD').exitCode, 0);
  assert.equal(leases(), ['192.0.2.3'], 'behind the last one');
  assert.is(list('DEL').exitCode, 0);
  assert.equal(leases(), []);
});

const refused = (bin: string, verb: string, dataDir: string): { code: number; msg: string } =>
  JSON.parse(call(bin, verb, conf({ subnet: '192.0.2.0/24', dataDir })).stdout) as { code: number; msg: string };

test('a file in the place of the leases\' folder is named as the reference names it, and STATUS says so before ADD', () => {
  writeFileSync('/run/a-file', '');
  mkdirSync('/run/a-folder');
  writeFileSync('/run/a-folder/blue', '');
  for (const [dataDir, file] of [['/run/a-file', '/run/a-file'], ['/run/a-folder', '/run/a-folder/blue']] as const) {
    for (const verb of ['ADD', 'DEL']) {
      const [ours, theirs] = [BIN, REFERENCE_191].map((bin) => refused(bin, verb, dataDir));
      assert.is(ours!.code, theirs!.code);
      assert.is(theirs!.msg, `mkdir ${file}: not a directory`);
      assert.is(ours!.msg, `${verb === 'ADD' ? 'failed to allocate for range 0: ' : ''}${theirs!.msg}; "dataDir" must name a folder`);
    }
    const { code, msg } = refused(BIN, 'STATUS', dataDir);
    assert.is(code, 50);
    assert.match(msg, `mkdir ${file}: not a directory`);
  }
});

test('a folder that cannot be made, as below /proc, is said to be none', () => {
  assert.match(refused(BIN, 'ADD', '/proc/none').msg, 'store "/proc/none/blue/lock": ENOENT');
});

/** What a main plugin nobody here knows does: executes the IPAM program its configuration names, with its own environment and stdin. */
writeFileSync('/run/foreign', '#!/bin/sh\nexec "${CNI_PATH%%:*}/host-local"\n');
chmodSync('/run/foreign', 0o755);

test('the very configuration of the Kubernetes page, through a foreign main plugin', () => {
  writeFileSync(POD_CIDR, '192.0.2.0/24\n');
  const page = {
    name: 'k8s-pod-network', cniVersion: '0.4.0', type: 'calico', log_level: 'info', datastore_type: 'kubernetes', nodename: '127.0.0.1',
    ipam: { type: 'host-local', subnet: 'usePodCidr' }, policy: { type: 'k8s' }, kubernetes: { kubeconfig: '/etc/cni/net.d/calico-kubeconfig' },
  };
  const run = (verb: string): { status: number | null; stdout: string } => spawnSync('/run/foreign', {
    input: JSON.stringify(page), encoding: 'utf8', env: { PATH: process.env['PATH']!, CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN },
  });
  const { stdout } = run('ADD');
  assert.equal((JSON.parse(stdout) as { ips: object[] }).ips, [{ version: '4', address: '192.0.2.2/24', gateway: '192.0.2.1' }]);
  assert.is(run('DEL').status, 0);
  assert.equal(readdirSync('/var/lib/cni/networks/k8s-pod-network').filter((name) => name.startsWith('192')), []);
});

test.run();
