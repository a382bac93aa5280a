// A host that is killed while its iptables-restore waits for the lock of iptables: the program goes on by itself, and whoever comes next waits for it.
// SPDX-License-Identifier: Apache-2.0

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, files, sh, skip } from '../support/node.ts';
import { until } from '../support/until.ts';

const LEGACY = '/usr/sbin/xtables-legacy-multi';
if (!existsSync(LEGACY)) skip('no iptables-legacy');

const PROGRAMS = '/run/legacy';
mkdirSync(PROGRAMS);
for (const name of ['iptables', 'ip6tables']) for (const verb of ['', '-save', '-restore']) symlinkSync(LEGACY, join(PROGRAMS, `${name}${verb}`));
const netns = addNetns('c1');
const CONF = { cniVersion: '1.0.0', name: 'blue', type: 'bridge', bridge: 'cni0', ipMasq: true, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } };

function call(verb: string): ChildProcess & { said: Promise<string> } {
  const child = spawn(join(BIN, 'bridge'), {
    stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: PROGRAMS, CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN },
  });
  child.stdin.end(JSON.stringify(CONF));
  return Object.assign(child, { said: text(child.stdout) });
}

const childOf = (pid: number): string | undefined => readdirSync('/proc').find((one) => /^\d+$/.test(one) && isChild(one, pid));

/** One that has ended since is nobody's. */
function isChild(one: string, pid: number): boolean {
  try {
    return readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(pid) && /-restore/.test(readFileSync(`/proc/${one}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}

test('what it writes is taken back by the DEL that waits for it', async () => {
  const holder = spawn('flock', ['/run/xtables.lock', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const isHeld = (): boolean => existsSync('/run/xtables.lock') && readFileSync('/proc/locks', 'utf8').split('\n').some((line) => line.includes(` ${holder.pid} `));
  try {
    await until('the lock is held', isHeld);
    const add = call('ADD');
    await until('iptables-restore is started', () => childOf(add.pid!) !== undefined);
    add.kill('SIGKILL');
    const del = call('DEL');
    const ended = new Promise<number | null>((done) => { del.on('exit', done); });
    await until('DEL waits', () => readdirSync('/run/cni-wasm/lock').some((name) => name.endsWith('~line')));
    holder.stdin.end();
    assert.is(await ended, 0, await del.said);
  } finally {
    holder.kill();
  }
  assert.not.match(sh(join(PROGRAMS, 'iptables-save')), /CNI-|192\.0\.2\./);
  assert.equal([...files('/run/cni-wasm'), ...files('/var/lib/cni-wasm')], []);
});

test.run();
