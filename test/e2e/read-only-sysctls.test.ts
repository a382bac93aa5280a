// /proc/sys mounted read-only, as in a container that is not privileged: STATUS of a plugin says that an ADD would fail, where and only where it would.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, sh } from '../support/node.ts';

const LIST = '/run/read-only.conflist';
const netns = addNetns('c1');
const PORTS = ['--capability-args', JSON.stringify({ portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] })];
const bridge = (...subnets: string[]): object =>
  ({ type: 'bridge', bridge: 'cni0', isGateway: true, ipam: { type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) } });
const V4 = bridge('192.0.2.0/24');
const portmap = { type: 'portmap', capabilities: { portMappings: true } };

function said(verb: string, plugins: readonly object[], ...words: string[]): { status: number | null; text: string } {
  writeFileSync(LIST, JSON.stringify({ cniVersion: '1.1.0', name: 'blue', plugins }));
  const { status, stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), [...verb.split(' '), LIST, ...words], { encoding: 'utf8' });
  return { status, text: stderr || stdout };
}

/** That of this file's mount namespace. */
function withReadOnly(act: () => void): void {
  sh('mount', '--bind', '/proc/sys', '/proc/sys');
  sh('mount', '-o', 'remount,bind,ro', '/proc/sys');
  try {
    act();
  } finally {
    sh('umount', '/proc/sys');
  }
}

const set = (key: string, value: string): void => writeFileSync(`/proc/sys/net/${key}`, value);

const CASES: [what: string, forward: string, plugins: object[], isReady: boolean][] = [
  ['forwarding is off', '0', [V4], false],
  ['forwarding is on', '1', [V4], true],
  ['addresses of IPv6', '1', [bridge('192.0.2.0/24', '2001:db8::/64')], false],
  ['access to ports by 127.0.0.1', '1', [V4, portmap], false],
  ['ports without it', '1', [V4, { ...portmap, snat: false }], true],
  ['a sysctl of the configuration', '1', [V4, { type: 'tuning', sysctl: { 'net.core.somaxconn': '500' } }], false],
  ['none', '1', [V4, { type: 'tuning', mtu: 1400 }], true],
];

for (const [what, forward, plugins, isReady] of CASES) {
  test(`${what}: STATUS says what ADD would, and so does a plan`, () => {
    set('ipv4/ip_forward', forward);
    assert.equal(said('run status', plugins), { status: 0, text: 'ready\n' });
    withReadOnly(() => {
      const status = said('run status', plugins);
      if (isReady) assert.equal(status, { status: 0, text: 'ready\n' });
      else assert.match(status.text, /sysctls cannot be written: \/proc\/sys is mounted read-only \(EROFS\); mount it writable \(code 50\)/);
      const plan = said('plan add', plugins, netns, ...PORTS);
      const added = said('run add', plugins, netns, ...PORTS);
      assert.equal([plan.status, added.status], isReady ? [0, 0] : [1, 1], `${plan.text}${added.text}`);
      if (!isReady) assert.match(plan.text, /EROFS/);
      said('run del', plugins, netns, ...PORTS);
    });
    assert.is(sh('ip', '-n', 'c1', '-o', 'link').includes('eth0'), false);
  });
}

test.run();
