// `cni-wasm gc` on a real node: after `ip netns del` without DEL and after a kill -9 in ADD nothing is left, and who lives keeps everything.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, delAll, gcAll, parseConflist, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import type { Judged } from '../../host/verbs/collect-gone.ts';
import { ipamProgram } from '../support/ipam-program.ts';
import { addNetns, BIN, deleteNetns, has, picture } from '../support/node.ts';

const targetOf = (id: string, port: number): Target => ({
  containerId: id, netns: `/run/netns/${id}`, ifname: 'eth0', path: [BIN],
  capabilityArgs: { portMappings: [{ hostPort: port, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 } },
});
const [lives, goes] = [targetOf('c1', 8080), targetOf('c2', 8081)];
addNetns('c1');

function listOf(backend: 'nftables' | 'iptables'): Conflist {
  const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
  const [bridge, portmap, bandwidth] = list.plugins;
  return { ...list, plugins: [{ ...bridge!, ipMasqBackend: backend }, { ...portmap!, backend }, bandwidth!] };
}

function gc(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['gc', ...words], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return stdout;
}
/** Without the files of locks: whoever takes a lock that a killed call has left, also to look, takes the file away afterwards. */
const unlocked = (...ids: string[]): string => picture(ids).replace(/^\/run\/cni-wasm\/lock\/.*\n?/gm, '').trimEnd();
const judgedBy = (...words: string[]): { gone: Judged[]; kept: Judged[] } => JSON.parse(gc('--json', ...words)) as { gone: Judged[]; kept: Judged[] };
const idsOf = (judged: readonly Judged[]): string[] => judged.map(({ containerId }) => containerId);

for (const backend of ['nftables', 'iptables'] as const) {
  if (backend === 'iptables' && !has('iptables')) continue;
  const list = listOf(backend);

  test(`${backend}: a namespace deleted without DEL`, () => {
    const result = addAll(list, lives);
    addNetns('c2');
    delAll(list, goes, addAll(list, goes));
    const before = picture(['c1']);
    addAll(list, goes);
    assert.equal(idsOf(judgedBy().gone), []);
    deleteNetns('c2');
    const left = picture(['c1']);
    const { gone, kept } = judgedBy('--dry-run');
    assert.is(picture(['c1']), left);
    assert.equal([idsOf(gone), idsOf(kept)], [['c2'], ['c1']]);
    assert.is(gone[0]!.why, 'its network namespace is gone');
    assert.ok(['bridge', 'portmap', 'bandwidth'].every((plugin) => gone[0]!.objects.some((one) => one.plugin === plugin)));
    assert.match(gc(), /^taken back: network "blue", container "c2", eth0, \/run\/netns\/c2: its network namespace is gone\n {2}bridge: /);
    assert.is(picture(['c1']), before);
    assert.match(gc('--dry-run'), /^stays: network "blue", container "c1", .*is there\nnothing to collect\n$/);
    delAll(list, lives, result);
  });

  test(`${backend}: ADD killed`, () => {
    if (!has('strace')) return console.log('SKIP strace is not installed');
    const result = addAll(list, lives);
    addNetns('c2');
    delAll(list, goes, addAll(list, goes));
    const before = picture(['c1', 'c2']);
    for (const n of [3, 9, 15, 20]) {
      const [bridge] = list.plugins;
      const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c2', CNI_NETNS: '/run/netns/c2', CNI_IFNAME: 'eth0', CNI_PATH: BIN };
      const input = JSON.stringify({ ...bridge, name: list.name, cniVersion: list.cniVersion });
      const { signal, status } = spawnSync('strace', ['-o', '/dev/null', '-e', 'trace=sendto', '-e', `inject=sendto:signal=KILL:when=${n}`, join(BIN, 'bridge')], { input, env });
      assert.ok(signal === 'SIGKILL' || status === 137, `message ${n} is not reached`);
      const left = unlocked('c1', 'c2');
      const { gone } = judgedBy('--dry-run');
      assert.is(unlocked('c1', 'c2'), left);
      assert.equal(gone.map(({ containerId, why }) => `${containerId} ${why}`), /journal/.test(left) ? ['c2 its call was killed'] : []);
      gc();
      assert.is(picture(['c1', 'c2']), before, `killed at message ${n}`);
    }
    deleteNetns('c2');
    delAll(list, lives, result);
  });
}

const path = [BIN, '/run/acme'];
const green: Conflist = { cniVersion: '1.1.0', name: 'green', plugins: [{ type: 'bridge', bridge: 'cni1', ipam: { type: 'acme-ipam' } }] };

test('an attachment with an address of a foreign IPAM program, its namespace deleted without DEL: it is kept and named, until the configuration is at hand', () => {
  const acme = ipamProgram('/run/acme', 'acme-ipam');
  acme.gives({ cniVersion: '1.1.0', ips: [{ address: '192.0.2.9/24' }] });
  addNetns('c2');
  addAll(green, { ...goes, path });
  deleteNetns('c2');
  const left = unlocked();
  assert.match(gc(), /^stays: network "green", container "c2", eth0, .*: its network namespace is gone, and the IPAM program "acme-ipam" needs its configuration: cni-wasm run gc CONFLIST\n/);
  assert.is(unlocked(), left);
  gcAll(green, { path }, []);
  assert.equal(acme.calls(), ['ADD c2 eth0', 'GC  ']);
  assert.equal(judgedBy(), { dryRun: false, gone: [], kept: [], torn: [], unclaimed: [] });
  rmSync(acme.folder, { recursive: true });
});

test('ADD killed while it had an address of a foreign IPAM program: what only that program can give back is kept and named, until its configuration is at hand', () => {
  const acme = ipamProgram('/run/acme', 'acme-ipam');
  acme.does('ADD', 'kill -9 $PPID');
  addNetns('c2');
  const before = picture(['c2']);
  assert.throws(() => addAll(green, { ...goes, path }));
  const left = unlocked('c2');
  for (const words of [['--dry-run'], []]) {
    const { gone, kept } = judgedBy(...words);
    assert.equal(gone, []);
    assert.equal(kept.map(({ network, containerId, why }) => [network, containerId, why]),
      [['green', 'c2', 'its call was killed, and the IPAM program "acme-ipam" needs its configuration: cni-wasm run gc CONFLIST']]);
    assert.is(unlocked('c2'), left);
  }
  assert.match(gc(), /^stays: network "green", container "c2", eth0, .*: its call was killed, and the IPAM program "acme-ipam" needs its configuration/);
  gcAll(green, { path }, []);
  assert.equal(acme.calls(), ['ADD c2 eth0', 'GC  ']);
  assert.equal(judgedBy(), { dryRun: false, gone: [], kept: [], torn: [], unclaimed: [] });
  rmSync(acme.folder, { recursive: true });
  assert.is(picture(['c2']), before);
  deleteNetns('c2');
});

test('the leases of one network cannot be reached: what was taken back on the other is told, then the error', () => {
  const before = picture(['c1']);
  const folder = '/var/lib/cni/networks/blue';
  for (const name of ['blue', 'yellow']) {
    addNetns('c2');
    addAll({ cniVersion: '1.1.0', name, plugins: [{ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }] }, goes);
    deleteNetns('c2');
  }
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, '');
  const { status, stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['gc', '--json'], { encoding: 'utf8' });
  assert.is(status, 1);
  const { gone, left, failures } = JSON.parse(stdout) as { gone: Judged[]; left: Judged[]; failures: string[] };
  assert.equal([gone, left].map((judged) => judged.map(({ network }) => network)), [['yellow'], ['blue']]);
  assert.match(stderr, /^cni-wasm: network "blue": could not take back everything of container "c2".* \(code 106\)\n$/);
  assert.is(failures.length, 1);
  rmSync(folder);
  renameSync(`${folder}.away`, folder);
  assert.match(gc(), /^taken back: network "blue"/);
  for (const name of ['blue', 'yellow']) rmSync(`/var/lib/cni/networks/${name}`, { recursive: true });
  assert.is(picture(['c1']), before);
});

test.run();
