// A slow or hanging program has a shorter deadline than the module it works for: the module still says what went wrong, and nothing is left.
// SPDX-License-Identifier: Apache-2.0

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { manifestOf, moduleOf, type Case } from '../hostile/case.ts';
import { addNetns, BIN, picture, sh } from '../support/node.ts';

const HANGING = '/run/hanging';
mkdirSync(HANGING);
const hangs = (name: string): void => {
  writeFileSync(`${HANGING}/${name}`, '#!/bin/sh\nexec sleep 600\n');
  chmodSync(`${HANGING}/${name}`, 0o755);
};
for (const name of ['acme-ipam', 'iptables-save', 'iptables-restore', 'iptables']) hangs(name);
const netns = addNetns('c1');

function ended(one: Pick<Case, 'grants' | 'asks' | 'verb'>, conf: object): { code: number; msg: string } {
  const module: Case = { name: '', code: 0, says: /./, limits: { timeMs: 3000 }, ...one };
  writeFileSync('/run/slow.wasm', moduleOf(module, 'slow'));
  assert.match(manifestOf(module, 'slow'), /"wants"/);
  sh(`${BIN}/cni-wasm`, 'install', '/run/slow.wasm', 'slow');
  const { slow } = JSON.parse(readFileSync('/etc/cni/wasm/modules.lock', 'utf8')) as { slow: { digest: string } };
  writeFileSync('/etc/cni/wasm/policy.json', JSON.stringify({ version: 1, modules: { [slow.digest]: { grants: one.grants, limits: { timeMs: 3000 } } } }));
  const before = picture(['c1']);
  const { exitCode, stdout } = execute('cni-wasm', one.verb ?? 'ADD', { containerId: 'c1', netns, ifname: 'eth0', path: [BIN, HANGING], env: { PATH: `${HANGING}:/usr/bin:/bin` } },
    JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm', module: 'slow', ...conf }));
  assert.is(exitCode, 1);
  assert.is(picture(['c1']), before);
  return JSON.parse(stdout) as { code: number; msg: string };
}

test('an IPAM program that hangs', () => {
  const { code, msg } = ended({ verb: 'CHECK', grants: { delegate: ['ipam'] }, asks: [['delegate.call', { verb: 'CHECK' }]] }, { ipam: { type: 'acme-ipam' } });
  assert.is.not(code, 104, msg);
  assert.match(msg, /did not end within 2\d{3} ms/);
});

test('iptables that hangs', () => {
  const { code, msg } = ended({ grants: { iptables: { nat: { chains: ['ACME-*'], jumpFrom: [] } } }, asks: [['iptables.apply', { ns: 'host', family: 'ip', table: 'nat', chains: [{ name: 'ACME-A' }] }]] }, {});
  assert.is(code, 102, msg);
  assert.match(msg, /did not end within 2\d{3} ms/);
});

test.run();
