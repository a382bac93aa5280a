// The static plugin: where addresses come from, which of them count, and what it says about others.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlugin, type Call } from '../support/guest-host.ts';

const plugin = loadPlugin('static');
const FIVE = { addresses: [{ address: '192.0.2.5/24', gateway: '192.0.2.1' }] };
const conf = (ipam: object | undefined, keys: object = {}): Record<string, unknown> =>
  ({ cniVersion: '1.0.0', name: 'blue', type: 'bridge', ...(ipam ? { ipam: { type: 'static', ...ipam } } : {}), ...keys });
const run = (verb: Call['verb'], config: Record<string, unknown>, args = ''): ReturnType<typeof plugin> => plugin({ verb, config, args });
const given = (config: Record<string, unknown>, args = ''): unknown => run('ADD', config, args).result!.ips;

test('gives what is configured', () => {
  const routes = [{ dst: '198.51.100.0/24', gw: '192.0.2.9', mtu: 1300 }];
  const dns = { nameservers: ['192.0.2.53'], domain: 'example.org' };
  const addresses = [...FIVE.addresses, { address: '2001:DB8:0::5/64' }];
  assert.equal(run('ADD', conf({ addresses, routes, dns })).result, { ips: [FIVE.addresses[0], { address: '2001:db8::5/64' }], routes, dns });
  assert.equal(run('ADD', conf({})).result, {});
});

test('CNI_ARGS adds addresses, and its gateways go to those alone', () => {
  assert.equal(given(conf({ addresses: [{ address: '192.0.2.5/24' }] }), 'IP=198.51.100.2/24, 203.0.113.2/24;GATEWAY=198.51.100.1,192.0.2.1'),
    [{ address: '192.0.2.5/24' }, { address: '198.51.100.2/24', gateway: '198.51.100.1' }, { address: '203.0.113.2/24' }]);
  assert.equal(given(conf(FIVE), 'IgnoreUnknown=1;K8S_POD_NAME=x;IP=;GATEWAY='), FIVE.addresses);
});

test('args replace all that is configured, and the runtime replaces them', () => {
  const byArgs = { args: { cni: { ips: ['198.51.100.2/24'] } } };
  const byRuntime = { runtimeConfig: { IPs: ['203.0.113.2/24', '2001:db8::2/64'] } };
  assert.equal(given(conf(FIVE, byArgs), 'IP=192.0.2.9/24'), [{ address: '198.51.100.2/24' }]);
  assert.equal(given(conf(FIVE, { ...byArgs, ...byRuntime })), [{ address: '203.0.113.2/24' }, { address: '2001:db8::2/64' }]);
  assert.equal(given(conf(FIVE, { args: { cni: { ips: [] } }, runtimeConfig: { ips: null } })), FIVE.addresses);
  assert.equal(given(conf({ addresses: [{ address: 'x' }] }, byRuntime)), [{ address: '203.0.113.2/24' }, { address: '2001:db8::2/64' }], 'what is replaced is not looked at');
});

test('DEL has nothing to give back and reads nothing', () => {
  assert.is(run('DEL', { name: 'blue', ipam: 5 }).error, undefined);
});

test('CHECK compares the gateways of addresses that are in prevResult', () => {
  const prevResult = { ips: [{ address: '192.0.2.5/24', gateway: '192.0.2.1' }] };
  const check = (address: object): string | undefined => run('CHECK', conf({ addresses: [address] }, { prevResult })).error?.msg;
  assert.is(check(FIVE.addresses[0]!), undefined);
  assert.is(check({ address: '192.0.2.5/24' }), undefined);
  assert.is(check({ address: '192.0.2.6/24', gateway: '192.0.2.9' }), undefined, 'not in prevResult');
  assert.is(check({ address: '192.0.2.5/16', gateway: '192.0.2.9' }), 'static: Failed to match addr 192.0.2.5 on interface eth0');
  assert.is(run('CHECK', conf(FIVE)).error?.msg, 'Required prevResult missing');
});

const wrong: [string, Record<string, unknown>, string, string?][] = [
  ['no ipam', conf(undefined), "IPAM config missing 'ipam' key"],
  ['an address without prefix length', conf({ addresses: [{ address: '192.0.2.5' }] }), "the 'address' field is expected to be in CIDR notation, got: '192.0.2.5'"],
  ['no address', conf({ addresses: [null] }), "the 'address' field is expected to be in CIDR notation, got: ''"],
  ['a bad gateway', conf({ addresses: [{ address: '192.0.2.5/24', gateway: 'x' }] }), 'invalid IP address: x'],
  ['a bad IP in CNI_ARGS, before what is configured', conf({ addresses: [{ address: 'x' }] }), "the 'ip' field is expected to be in CIDR notation, got: '192.0.2.5'", 'IP=192.0.2.5'],
  ['a bad GATEWAY', conf({}), 'invalid gateway address: ', 'IP=192.0.2.5/24;GATEWAY=192.0.2.1,'],
  ['unknown CNI_ARGS', conf(FIVE), 'ARGS: unknown args ["FOO=1"]', 'FOO=1'],
  ['bad args, also when the runtime replaces them', conf(FIVE, { args: { cni: { ips: ['x'] } }, runtimeConfig: { ips: ['192.0.2.5/24'] } }), "an entry in the 'ips' field is NOT in CIDR notation, got: 'x'"],
  ['bad addresses of the runtime', conf(FIVE, { runtimeConfig: { ips: ['192.0.2.9'] } }), "an entry in the 'ips' field is NOT in CIDR notation, got: '192.0.2.9'"],
  ['two of a family at 0.2.0', conf({ addresses: [{ address: '192.0.2.5/24' }, { address: '192.0.2.6/24' }] }, { cniVersion: '0.2.0' }), 'CNI version 0.2.0 does not support more than 1 address per family'],
  ['a wrong type', conf({ addresses: [5] }), 'json: cannot unmarshal number into Go struct field IPAMConfig.ipam.addresses of type main.Address'],
  ['a gateway of a wrong type', conf({ addresses: [{ address: '192.0.2.5/24', gateway: 5 }] }), 'json: cannot unmarshal number into Go struct field Address.ipam.addresses.gateway of type net.IP'],
  ['a wrong type of the runtime', conf(FIVE, { runtimeConfig: { ips: [5] } }), 'json: cannot unmarshal number into Go struct field .runtimeConfig.ips of type string'],
  ['a bad route', conf({ ...FIVE, routes: [{ dst: 'x' }] }), 'invalid CIDR address: x'],
];
for (const [what, config, msg, args = ''] of wrong) {
  test(`refuses ${what} in the reference's words`, () => {
    for (const verb of ['ADD', 'CHECK', 'STATUS'] as const) assert.equal(run(verb, config, args).error, { code: 999, msg });
  });
}

test.run();
