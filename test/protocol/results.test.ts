// Results in every version's shape, read and written.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { parseDelegateResult, readPrevResult } from '../../host/protocol/prev-result.ts';
import type { Result } from '../../host/protocol/result.ts';
import { VERSIONS } from '../../host/protocol/versions.ts';
import { formatError, formatResult } from '../../host/protocol/write-result.ts';

const FULL: Result = {
  interfaces: [{ name: 'cni0', mac: '02:00:00:00:00:01' }, { name: 'eth0', mac: '02:00:00:00:00:02', mtu: 1500, sandbox: '/run/netns/c1', socketPath: '/s', pciID: '1' }],
  ips: [{ interface: 1, address: '192.0.2.2/24', gateway: '192.0.2.1' }, { interface: 1, address: '192.0.2.3/24' }, { interface: 1, address: '2001:db8::2/64' }],
  routes: [{ dst: '0.0.0.0/0', mtu: 1400, table: 0 }, { dst: '::/0', gw: '2001:db8::1', scope: 0, priority: 5, advmss: 9 }],
  dns: { nameservers: ['192.0.2.53'], domain: 'example.org' },
};
const written = (result: Result, version: string): unknown => JSON.parse(formatResult(result, version)) as unknown;

test('1.1.0 and 1.0.0: keys in alphabetical order at every level, four spaces, no newline at the end', () => {
  assert.is(formatResult({ ips: [{ interface: 0, address: '192.0.2.2/24' }], interfaces: [{ name: 'eth0', mac: 'm', sandbox: 's' }], routes: [], dns: {} }, '1.0.0'), `{
    "cniVersion": "1.0.0",
    "interfaces": [
        {
            "mac": "m",
            "name": "eth0",
            "sandbox": "s"
        }
    ],
    "ips": [
        {
            "address": "192.0.2.2/24",
            "interface": 0
        }
    ]
}`);
  assert.equal(written(FULL, '1.1.0'), { cniVersion: '1.1.0', ...FULL });
});

test('a result that claims to be of the version already is printed as it is', () => {
  const lo: Result = { cniVersion: '0.2.0', interfaces: [{ name: 'lo' }], ips: [{ interface: 0, address: '127.0.0.1/8' }] };
  assert.equal(written(lo, '0.2.0'), lo);
  assert.equal(written(lo, '0.1.0'), { cniVersion: '0.1.0', ip4: { ip: '127.0.0.1/8' }, dns: {} });
});

test('0.3.0 to 0.4.0: fixed order, versions of addresses, dns always', () => {
  assert.is(formatResult({}, '0.4.0'), '{\n    "cniVersion": "0.4.0",\n    "dns": {}\n}');
  const text = formatResult(FULL, '0.3.1');
  assert.equal(JSON.parse(text), {
    cniVersion: '0.3.1',
    interfaces: [{ name: 'cni0', mac: '02:00:00:00:00:01' }, { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/c1' }],
    ips: [{ version: '4', interface: 1, address: '192.0.2.2/24', gateway: '192.0.2.1' }, { version: '4', interface: 1, address: '192.0.2.3/24' }, { version: '6', interface: 1, address: '2001:db8::2/64' }],
    routes: FULL.routes, dns: FULL.dns,
  });
  assert.equal(Object.keys(JSON.parse(text) as object), ['cniVersion', 'interfaces', 'ips', 'routes', 'dns']);
  assert.match(text, /"version": "4",\n {12}"interface": 1,\n {12}"address"/);
});

test('0.1.0 and 0.2.0: the first address of each family, routes sorted into them', () => {
  assert.equal(written(FULL, '0.2.0'), {
    cniVersion: '0.2.0', ip4: { ip: '192.0.2.2/24', gateway: '192.0.2.1', routes: [{ dst: '0.0.0.0/0' }] }, ip6: { ip: '2001:db8::2/64', routes: [{ dst: '::/0', gw: '2001:db8::1' }] }, dns: FULL.dns,
  });
  assert.throws(() => formatResult({ interfaces: [{ name: 'eth0' }] }, '0.2.0'), (error: CniError) => error.code === 999 && error.message === 'cannot convert: no valid IP addresses');
});

test('what is special in HTML is escaped, as Go does', () => {
  assert.match(formatResult({ dns: { domain: '<a>&\u2028\u2029"\\' } }, '1.1.0'), /"domain": "\\u003ca\\u003e\\u0026\\u2028\\u2029\\"\\\\"/);
});

test('errors', () => {
  assert.is(formatError(new CniError(999, 'a <b>')), '{\n    "code": 999,\n    "msg": "a \\u003cb\\u003e"\n}');
  assert.is(formatError(new CniError(101, 'no', { details: 'why', hint: 'do' })), '{\n    "code": 101,\n    "msg": "no",\n    "details": "why; do"\n}');
});

for (const version of VERSIONS) {
  test(`${version}: what is written is read again`, () => {
    const once = JSON.parse(formatResult(FULL, version)) as object;
    const parsed = readPrevResult({ value: { prevResult: once }, cniVersion: version });
    assert.equal(written(parsed!, version), once);
    assert.equal(written(parseDelegateResult(JSON.stringify({ ...once, cniVersion: undefined }), version), version), once);
  });
}

const read = (prevResult: unknown, cniVersion = '1.1.0'): Result | undefined => readPrevResult({ value: { prevResult }, cniVersion });

test('reading as Go does', () => {
  assert.is(read(null), undefined);
  assert.equal(read({}), {});
  assert.equal(read({ IPs: [{ ADDRESS: '2001:DB8:0::2/64', gateway: '', Interface: 0 }], routes: null }), { ips: [{ address: '2001:db8::2/64', interface: 0 }] });
  assert.equal(read({ interfaces: [{ name: 'eth0', mtu: 0, mac: '' }], routes: [{ dst: '0.0.0.0/0', table: 0, priority: 0 }] }), { interfaces: [{ name: 'eth0' }], routes: [{ dst: '0.0.0.0/0', table: 0 }] });
  assert.equal(read({ cniVersion: '1.0.0' }), {});
  assert.equal(read({ cniVersion: '' }, '0.3.1'), {});
  assert.equal(read({ ip4: { ip: '192.0.2.2/24', routes: [{ dst: '0.0.0.0/0' }] } }, '0.1.0'), { ips: [{ address: '192.0.2.2/24' }], routes: [{ dst: '0.0.0.0/0' }] });
});

const REFUSED: readonly [unknown, string, RegExp][] = [
  [{ cniVersion: '0.4.0' }, '1.0.0', /^could not parse prevResult: result type supports \[1\.0\.0 1\.1\.0\] but unmarshalled CNIVersion is "0\.4\.0"$/],
  [{ cniVersion: '1.0.0' }, '0.4.0', /supports \[0\.3\.0 0\.3\.1 0\.4\.0\]/],
  [[], '1.0.0', /^could not parse prevResult: a result must be an object/],
  [{ ips: {} }, '1.0.0', /"ips" must be a list/],
  [{ ips: [{}] }, '1.0.0', /invalid CIDR address/],
  [{ ips: [{ address: '192.0.2.2' }] }, '1.0.0', /invalid CIDR address: 192\.0\.2\.2$/],
  [{ ips: [{ address: '192.0.2.2/33' }] }, '1.0.0', /invalid CIDR address/],
  [{ ips: [{ address: '192.0.2/24' }] }, '1.0.0', /invalid CIDR address/],
  [{ ips: [{ address: '192.0.2.010/24' }] }, '1.0.0', /invalid CIDR address/],
  [{ ips: [{ address: 'fe80::1%eth0/64' }] }, '1.0.0', /invalid CIDR address/],
  [{ ips: [{ address: '192.0.2.2/24', gateway: 'x' }] }, '1.0.0', /invalid IP address: x/],
  [{ ips: [{ address: '192.0.2.2/24', interface: '0' }] }, '1.0.0', /"interface" must be an integer/],
  [{ interfaces: ['eth0'] }, '1.0.0', /an entry of "interfaces" must be an object/],
  [{ interfaces: [{ name: 5 }] }, '1.0.0', /"name" must be a string/],
  [{ dns: 'x' }, '1.0.0', /"dns" must be an object/],
  [{ dns: { search: [1] } }, '1.0.0', /"search" must be a list of strings/],
  [{}, '9.0.0', /there is no result of version "9\.0\.0"/],
];
for (const [prevResult, version, words] of REFUSED) {
  test(`prevResult ${JSON.stringify(prevResult)} at ${version}`, () => assert.throws(() => read(prevResult, version), (error: CniError) => error.code === 999 && words.test(error.message)));
}

test.run();
