// What the host and the programs it starts may do: the capabilities it works with and no others, no new ones ever, and no network connection.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEPT } from '../../host/kernel/live/least-privilege.ts';
import { ipamProgram } from '../support/ipam-program.ts';
import { addNetns, BIN, has, sh } from '../support/node.ts';
import { startResidentHost } from '../support/resident-host.ts';

const maskOf = (bits: readonly number[]): bigint => bits.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);
const setIn = (status: string, name: string): bigint => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)![1]!}`);
const OWN = setIn(readFileSync('/proc/self/status', 'utf8'), 'CapPrm');
const EXPECTED = maskOf(Object.values(KEPT)) & OWN;

const netns = addNetns('c1');
const acme = ipamProgram('/run/acme', 'acme-ipam');
acme.does('ADD', `cat /proc/self/status > /run/program.status
cat /proc/$PPID/status > /run/host.status
echo '{"cniVersion":"1.0.0","ips":[{"address":"192.0.2.9/24"}]}'
`);

const BRIDGE = { cniVersion: '1.0.0', name: 'blue', type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: 'nftables', ipam: { type: 'acme-ipam' } };
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

function call(verb: string, conf: object, { before = [], path = PATH }: { before?: readonly string[]; path?: string } = {}): void {
  const { type } = conf as { type: string };
  const [file, ...args] = [...before, join(BIN, type)];
  const env = { PATH: path, CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: `${BIN}:/run/acme` };
  const { status, stdout, stderr } = spawnSync(file!, args, { input: JSON.stringify(conf), env, encoding: 'utf8' });
  assert.is(status, 0, stdout + stderr);
}

function holds(file: string, expected: bigint): void {
  const status = readFileSync(file, 'utf8');
  for (const set of ['CapEff', 'CapPrm']) assert.is(setIn(status, set).toString(16), expected.toString(16), `${file} ${set}`);
  assert.is(setIn(status, 'CapAmb'), 0n, `${file} CapAmb`);
  assert.match(status, /^NoNewPrivs:\s*1$/m, file);
  rmSync(file);
}

test('a one-shot host and a program it starts', () => {
  assert.is.not(OWN & ~EXPECTED, 0n, 'there is something to drop');
  call('ADD', BRIDGE);
  for (const file of ['/run/host.status', '/run/program.status']) holds(file, EXPECTED);
  call('DEL', BRIDGE);
});

test('a resident host, the threads that do the calls, and a program they start', async () => {
  const host = startResidentHost();
  try {
    call('ADD', BRIDGE);
    call('DEL', BRIDGE);
    await host.settled();
    assert.is(host.served().length, 2, JSON.stringify(host.left()));
    for (const file of ['/run/host.status', '/run/program.status']) holds(file, EXPECTED);
  } finally {
    host.process.kill('SIGKILL');
    rmSync('/run/cni-wasm/host.sock', { force: true });
  }
});

test('with fewer capabilities than it would keep it does not ask for the others', () => {
  if (!has('setpriv')) return console.log('SKIP setpriv is not installed');
  const dropped = ['sys_module', 'sys_ptrace', 'dac_read_search'];
  call('ADD', BRIDGE, { before: ['setpriv', '--bounding-set', dropped.map((name) => `-${name}`).join(',')] });
  for (const file of ['/run/host.status', '/run/program.status']) holds(file, EXPECTED & ~maskOf([KEPT.CAP_SYS_MODULE, KEPT.CAP_SYS_PTRACE, KEPT.CAP_DAC_READ_SEARCH]));
  call('DEL', BRIDGE);
});

test('in a user namespace', () => {
  const env = { PATH, CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/proc/self/ns/net', CNI_NETNS_OVERRIDE: '1', CNI_IFNAME: 'lo', CNI_PATH: BIN };
  const input = JSON.stringify({ cniVersion: '1.0.0', name: 'lo', type: 'loopback' });
  const { status, stdout, stderr } = spawnSync('unshare', ['--user', '--map-root-user', '--net', join(BIN, 'loopback')], { input, env, encoding: 'utf8' });
  assert.is(status, 0, stdout + stderr);
});

const LEGACY = '/usr/sbin/xtables-legacy-multi';
for (const variant of ['nft', 'legacy'] as const) {
  test(`iptables-${variant} works with what it has`, () => {
    const multi = variant === 'legacy' ? LEGACY : '/usr/sbin/xtables-nft-multi';
    if (!existsSync(multi)) return console.log(`SKIP no ${multi}`);
    const folder = `/run/iptables-${variant}`;
    mkdirSync(folder);
    for (const name of ['iptables', 'ip6tables'].flatMap((one) => [one, `${one}-save`, `${one}-restore`])) symlinkSync(multi, join(folder, name));
    const path = `${folder}:${PATH}`;
    const list = { ...BRIDGE, ipMasqBackend: 'iptables' };
    const saved = (): string => sh(join(folder, 'iptables-save'), '-t', 'nat');
    call('ADD', list, { path });
    assert.match(saved(), /-s 192\.0\.2\.9\/32 .* -j CNI-/);
    holds('/run/host.status', EXPECTED);
    call('DEL', list, { path });
    assert.not.match(saved(), 'CNI-');
  });
}

test('the host opens sockets to the kernel, and one to its own resident host, and no others', () => {
  if (!has('strace')) return console.log('SKIP strace is not installed');
  const conf = { ...BRIDGE, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } };
  for (const verb of ['ADD', 'DEL']) {
    call(verb, conf, { before: ['strace', '-f', '-qq', '-e', 'signal=none', '-e', 'trace=socket,socketpair,connect,bind,listen,accept,accept4', '-o', '/run/sockets'] });
    const calls = readFileSync('/run/sockets', 'utf8').split('\n').filter((line) => line.includes('('));
    const families = new Set(calls.flatMap((line) => /\bsocket(?:pair)?\((AF_\w+)/.exec(line)?.[1] ?? []));
    assert.ok(families.has('AF_NETLINK'), calls.join('\n'));
    assert.equal([...families].filter((family) => family !== 'AF_NETLINK' && family !== 'AF_UNIX'), []);
    assert.equal(calls.filter((line) => /\b(listen|accept4?)\(/.test(line)), []);
    const elsewhere = calls.filter((line) => /\b(connect|bind)\(/.test(line) && !line.includes('AF_NETLINK') && !line.includes('sun_path="/run/cni-wasm/host.sock"'));
    assert.equal(elsewhere, []);
  }
});

test.run();
