// A chain in one entry: each plugin gets what libcni would have given it.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { innerNetconfs, nextNetconf } from '../../host/protocol/compose-chain.ts';
import { readNetconf } from '../../host/protocol/netconf.ts';
import type { Netconf } from '../../host/protocol/request.ts';

const netconf = (value: Record<string, unknown>): Netconf => readNetconf({ text: JSON.stringify(value), value });
const chain = (plugins: unknown, rest: object = {}): Netconf[] | undefined => innerNetconfs(netconf({ type: 'cni-wasm', name: 'blue', cniVersion: '1.0.0', plugins, ...rest }));

test('a plain configuration is no chain', () => assert.is(innerNetconfs(netconf({ type: 'bridge', name: 'blue' })), undefined));

test('name and version are injected, keys are sorted, the rest is the plugin\'s own', () => {
  const [bridge, portmap] = chain([{ type: 'bridge', mtu: 1400, bridge: 'cni0', Name: 'x' }, { type: 'portmap', name: 'other', cniVersion: '0.1.0' }])!;
  assert.is(bridge!.text, '{"Name":"x","bridge":"cni0","cniVersion":"1.0.0","mtu":1400,"name":"blue","type":"bridge"}');
  assert.is(portmap!.text, '{"cniVersion":"1.0.0","name":"blue","type":"portmap"}');
  assert.equal([bridge!.name, bridge!.cniVersion, bridge!.type], ['blue', '1.0.0', 'bridge']);
});

test('runtimeConfig: what a plugin declares; all of it when it declares nothing', () => {
  const runtimeConfig = { portMappings: [{ HostPort: 80 }], bandwidth: { IngressRate: 1 } };
  const given = chain([{ type: 'a', capabilities: { portMappings: true, bandwidth: false, dns: true } }, { type: 'b' }, { type: 'c', capabilities: {} }], { runtimeConfig })!
    .map(({ value }) => value['runtimeConfig']);
  assert.equal(given, [{ portMappings: [{ HostPort: 80 }] }, runtimeConfig, undefined]);
});

test('prevResult and the attachments to keep are handed down', () => {
  const [inner] = chain([{ type: 'a' }], { prevResult: { cniVersion: '1.0.0' }, 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] })!;
  assert.equal(inner!.value['prevResult'], { cniVersion: '1.0.0' });
  assert.equal(inner!.validAttachments, [{ containerID: 'c1', ifname: 'eth0' }]);
});

test('the result so far, in the version of the configuration', () => {
  const [, second] = chain([{ type: 'a' }, { type: 'b' }], { cniVersion: '0.4.0' })!;
  const prevResult = { interfaces: [{ name: 'eth0', mtu: 1500 }], ips: [{ address: '192.0.2.2/24' }] };
  const next = nextNetconf(second!, prevResult);
  assert.is(next.prevResult, prevResult);
  assert.is(next.text, '{"cniVersion":"0.4.0","name":"blue","prevResult":{"cniVersion":"0.4.0","interfaces":[{"name":"eth0"}],"ips":[{"version":"4","address":"192.0.2.2/24"}],"dns":{}},"type":"b"}');
  assert.is(nextNetconf(next, prevResult), next);
  assert.is(nextNetconf(second!, undefined), second);
});

for (const plugins of [[], {}, 'bridge', [1], [{}], [{ type: 5 }]]) {
  test(`no chain: ${JSON.stringify(plugins)}`, () => assert.throws(() => chain(plugins), (error: CniError) => error.code === 7));
}

test.run();
