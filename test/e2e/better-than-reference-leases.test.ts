// Among 2,000 leases: the reference opens all of them whenever it looks for those of one container, we do not; and what the reference changes
// between two calls of ours is known to the second. And one that cannot be given back is not forgotten.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { has, sh, skip } from '../support/node.ts';
import { differs } from './scenes.ts';
import { fresh } from './switch-node.ts';
import { FOLDER, MISSING, type Who } from './switch-table.ts';

if (MISSING.length > 0) skip(`no reference plugins ${MISSING.join(' and ')}`);
if (!has('strace')) skip('strace is not installed');

const LEASES = '/var/lib/cni/networks/blue';
const CONF = JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet: '198.18.0.0/16' }]] } });

function fill(count: number): void {
  mkdirSync(LEASES, { recursive: true });
  const nth = (n: number): string => `198.18.${n >> 8}.${n & 255}`;
  for (let n = 2; n < count + 2; n++) writeFileSync(`${LEASES}/${nth(n)}`, `other${n}\r\neth0`);
  writeFileSync(`${LEASES}/last_reserved_ip.0`, nth(count + 1));
}

/** As strace sees it, with all programs that take part. */
function leasesOpenedBy(who: Who, verb: string, id: string): number {
  const { status, stdout } = spawnSync('strace', ['-f', '--seccomp-bpf', '-e', 'trace=openat', '-o', '/run/trace', `${FOLDER[who]}/host-local`], {
    input: CONF, encoding: 'utf8', env: { PATH: process.env['PATH'], CNI_COMMAND: verb, CNI_CONTAINERID: id, CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: FOLDER[who] },
  });
  assert.is(status, 0, stdout);
  return readFileSync('/run/trace', 'utf8').split('\n').filter((line) => line.includes(`"${LEASES}/198.18.`)).length;
}

differs('10. the leases of one container are found without opening those of all', (who) => {
  fill(2000);
  // Whoever keeps an index has to see them once.
  leasesOpenedBy(who, 'DEL', 'nobody');
  const opened = ['ADD', 'CHECK', 'DEL', 'DEL'].map((verb) => leasesOpenedBy(who, verb, 'c1'));
  return opened.map((count) => (count >= 2000 ? 'all' : count <= 5 ? 'few' : count));
}, { reference: ['all', 'all', 'all', 'all'], ours: ['few', 'few', 'few', 'few'] });

differs('a lease in a folder that cannot be written is not given back without a word', (who) => {
  fill(1);
  writeFileSync(`${LEASES}/lock`, '');
  sh('mount', '--bind', LEASES, LEASES);
  sh('mount', '-o', 'remount,bind,ro', LEASES);
  try {
    return ['other2', 'nobody'].map((id) => execute('host-local', 'DEL', { containerId: id, netns: '', ifname: 'eth0', path: [FOLDER[who]] }, CONF).exitCode);
  } finally {
    sh('umount', LEASES);
  }
}, { reference: [0, 0], ours: [1, 0] });

for (const reference of ['1.1.1', '1.9.1'] as const) {
  test(`what ${reference} does between two calls of ours is known to the second`, () => {
    fresh('c1');
    fill(100);
    const call = (who: Who, verb: string, id: string): string => {
      const { exitCode, stdout } = execute('host-local', verb, { containerId: id, netns: '/run/netns/c1', ifname: 'eth0', path: [FOLDER[who]] }, CONF);
      return exitCode === 0 ? 'ok' : (JSON.parse(stdout) as { msg: string }).msg;
    };
    for (const id of ['a', 'b']) {
      assert.is(call('ours', 'ADD', `${id}-ours`), 'ok');
      assert.is(call(reference, 'ADD', id), 'ok');
      assert.match(call('ours', 'ADD', id), `has been allocated to ${id}, duplicate allocation is not allowed`);
      assert.is(call('ours', 'CHECK', id), 'ok');
      assert.is(call(reference, 'DEL', `${id}-ours`), 'ok');
      assert.is(call('ours', 'CHECK', `${id}-ours`), `host-local: Failed to find address added by container ${id}-ours`);
      assert.is(call('ours', 'DEL', id), 'ok');
      assert.is(call(reference, 'CHECK', id), `host-local: Failed to find address added by container ${id}`);
    }
  });
}

test.run();
