// static behind our bridge and behind the reference's, and the reference's static behind ours: the same answers.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, inNetns, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/static`)) skip(`no reference plugins 1.9.1 in ${REFERENCE_191}`);

type Keys = Record<string, unknown>;
const static_ = (ipam: object): Keys => ({ ipam: { type: 'static', ...ipam } });
const TWO = static_({ addresses: [{ address: '192.0.2.10/24', gateway: '192.0.2.1' }, { address: '2001:db8::10/64' }], routes: [{ dst: '198.51.100.0/24' }], dns: { nameservers: ['192.0.2.53'] } });
const conf = (keys: Keys): Keys => ({ cniVersion: '1.0.0', name: 'blue', type: 'bridge', bridge: 'cni0', isGateway: true, ...keys });

function call(plugin: string, ipamFrom: string, verb: string, keys: Keys, args = ''): { exitCode: number; answer: Keys } {
  const env = { PATH: process.env['PATH']!, CNI_PATH: `${ipamFrom}:${REFERENCE_191}` };
  const { exitCode, stdout } = execute(plugin.slice(plugin.lastIndexOf('/') + 1), verb, { containerId: 'c1', netns: '/run/netns/c1', ifname: 'eth0', path: [plugin.slice(0, plugin.lastIndexOf('/'))], args, env }, JSON.stringify(conf(keys)));
  return { exitCode, answer: (stdout === '' ? {} : JSON.parse(stdout)) as Keys };
}

test.before.each(() => {
  deleteNetns('c1');
  addNetns('c1');
});
test.after.each(() => {
  // Below /sys/class/net are the machine's links, not those of this namespace.
  if (existsSync('/proc/sys/net/ipv4/conf/cni0')) sh('ip', 'link', 'delete', 'cni0');
});

const PAIRS = [[`${BIN}/bridge`, BIN, 'our bridge'], [`${REFERENCE_191}/bridge`, BIN, "the reference's bridge"]] as const;
for (const [bridge, ipamFrom, whose] of PAIRS) {
  test(`${whose}: a whole life`, () => {
    const { exitCode, answer } = call(bridge, ipamFrom, 'ADD', TWO);
    assert.is(exitCode, 0, JSON.stringify(answer));
    assert.equal(answer['ips'], [{ address: '192.0.2.10/24', gateway: '192.0.2.1', interface: 2 }, { address: '2001:db8::10/64', gateway: '2001:db8::1', interface: 2 }]);
    assert.equal(answer['dns'], { nameservers: ['192.0.2.53'] });
    assert.match(inNetns('c1', 'ip', 'route'), /198\.51\.100\.0\/24 via 192\.0\.2\.1/);
    const withResult = { ...TWO, prevResult: answer };
    assert.equal(call(bridge, ipamFrom, 'CHECK', withResult), { exitCode: 0, answer: {} });
    const moved = { ...static_({ addresses: [{ address: '192.0.2.10/24', gateway: '192.0.2.9' }] }), prevResult: answer };
    assert.is(call(bridge, ipamFrom, 'CHECK', moved).answer['msg'], 'static: Failed to match addr 192.0.2.10 on interface eth0');
    assert.is(call(bridge, ipamFrom, 'DEL', withResult).exitCode, 0);
    assert.not.match(inNetns('c1', 'ip', '-o', 'link'), /eth0/);
    assert.is(call(bridge, ipamFrom, 'DEL', TWO).exitCode, 0);
  });

  test(`${whose}: no address at all`, () => assert.is(call(bridge, ipamFrom, 'ADD', static_({})).answer['msg'], 'IPAM plugin returned missing IP config'));
}

const CALLS: readonly [string, string, Keys, string?][] = [
  ['addresses, routes and dns', 'ADD', TWO],
  ['CNI_ARGS', 'ADD', TWO, 'IP=198.51.100.2/24,203.0.113.2/24;GATEWAY=198.51.100.1'],
  ['args', 'ADD', { ...TWO, args: { cni: { ips: ['198.51.100.2/24'] } } }, 'IP=192.0.2.77/24'],
  ['the runtime', 'ADD', { ...TWO, args: { cni: { ips: ['198.51.100.2/24'] } }, runtimeConfig: { ips: ['203.0.113.2/24'] } }],
  ['two families at 0.2.0', 'ADD', { ...TWO, cniVersion: '0.2.0' }],
  ['two of a family at 0.2.0', 'ADD', { ...static_({ addresses: [{ address: '192.0.2.5/24' }, { address: '192.0.2.6/24' }] }), cniVersion: '0.2.0' }],
  ['a version of 0.4.0', 'ADD', { ...TWO, cniVersion: '0.4.0' }],
  ['no ipam', 'ADD', {}],
  ['an address without length', 'ADD', static_({ addresses: [{ address: '192.0.2.5' }] })],
  ['a bad argument', 'ADD', TWO, 'IP=192.0.2.5'],
  ['an unknown argument', 'ADD', TWO, 'FOO=1'],
  ['a wrong type', 'ADD', static_({ addresses: [5] })],
  ['a check without result', 'CHECK', TWO],
  ['a bad configuration', 'DEL', { ipam: 5 }],
];
for (const [what, verb, keys, args] of CALLS) {
  test(`${what} (${verb}): as the reference`, () => assert.equal(call(`${BIN}/static`, BIN, verb, keys, args), call(`${REFERENCE_191}/static`, BIN, verb, keys, args)));
}

test.run();
