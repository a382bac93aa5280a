// IPAM across the border: our bridge executes a foreign IPAM program on CNI_PATH, and a foreign bridge executes our host-local.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, callPlugin, checkAll, delAll, PluginFailed, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { ipamProgram } from '../support/ipam-program.ts';
import { addNetns, BIN, picture, REFERENCE, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE}/static`)) skip('containernetworking-plugins is not installed');

const acme = ipamProgram('/run/acme', 'acme-ipam');
const ANSWER = { cniVersion: '1.0.0', ips: [{ address: '192.0.2.9/24', gateway: '192.0.2.1' }], routes: [{ dst: '0.0.0.0/0' }] };

const target: Target = { containerId: 'c1', netns: addNetns('c1'), ifname: 'eth0', path: [BIN, acme.folder, REFERENCE], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } };
const bridge = (ipam: object, more: object = {}): Conflist =>
  ({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipam, ...more }] });

test.before.each(() => {
  acme.forget();
  acme.gives(ANSWER);
});

test('a program on CNI_PATH is called with ADD, CHECK and DEL, and its address is used', () => {
  const list = bridge({ type: 'acme-ipam' });
  delAll(list, target, addAll(list, target));
  const before = picture(['c1']);
  acme.forget();
  acme.gives(ANSWER);
  const result = addAll(list, target) as { ips: { address: string }[] };
  assert.is(result.ips[0]!.address, '192.0.2.9/24');
  checkAll(list, target, result);
  delAll(list, target, result);
  assert.equal(acme.calls(), ['ADD c1 eth0', 'CHECK c1 eth0', 'DEL c1 eth0']);
  assert.is(picture(['c1']), before);
});

test('an ADD that fails after the delegate has given an address calls its DEL', () => {
  const list = bridge({ type: 'acme-ipam' }, { ipMasqBackend: 'ipfw' });
  const before = picture(['c1']);
  assert.throws(() => addAll(list, target), (error: unknown) => error instanceof PluginFailed && /unknown ipmasq backend \\"ipfw\\"/.test(error.message));
  assert.equal(acme.calls(), ['ADD c1 eth0', 'DEL c1 eth0']);
  assert.is(picture(['c1']), before);
});

test('a delegate that is not there, or is named by a path', () => {
  const says = (ipam: string, words: RegExp): void => assert.throws(() => addAll(bridge({ type: ipam }), target), (error: unknown) => error instanceof PluginFailed && words.test(error.message));
  says('nobody', /failed to find plugin \\"nobody\\" in path/);
  says('../bin/sh', /invalid plugin name/);
});

test("the reference's static", () => {
  const list = bridge({ type: 'static', addresses: [{ address: '192.0.2.7/24', gateway: '192.0.2.1' }] });
  const result = addAll(list, target) as { ips: { address: string }[] };
  assert.is(result.ips[0]!.address, '192.0.2.7/24');
  delAll(list, target, result);
});

test("the reference's bridge with our host-local", () => {
  const list = bridge({ type: 'host-local', subnet: '192.0.2.0/24' });
  const [plugin] = list.plugins;
  // CNI_PATH names our folder first, so that is where a foreign bridge finds host-local; the bridge itself is executed from its own.
  const foreign = { ...target, path: [REFERENCE], env: { ...target.env, CNI_PATH: `${BIN}:${REFERENCE}` } };
  const result = JSON.parse(callPlugin(list, plugin!, 'ADD', foreign).stdout) as { ips: { address: string }[] };
  const lease = `/var/lib/cni/networks/blue/${result.ips[0]!.address.replace(/\/.*/, '')}`;
  assert.is(readFileSync(lease, 'utf8'), 'c1\r\neth0');
  callPlugin(list, plugin!, 'DEL', foreign, result);
  assert.not.ok(existsSync(lease));
});

test.run();
