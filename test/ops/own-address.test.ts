// Whose an address is: the attachment's by the word of the plugins before, of its IPAM plugin, or of a lease in the configuration's ranges, and never what
// the host has itself.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import type { Call } from '../../host/ops/call.ts';
import { isOwnAddress, isOwnPrefix } from '../../host/ops/scope.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-address-'));
const POD_CIDR = join(folder, 'pod-cidr');
writeFileSync(POD_CIDR, '10.244.3.0/24\n2001:db8:3::/64\n');

/** A node whose uplink, bridge and own link have addresses. */
function call({ given = [], leased = [], config = {} }: { given?: string[]; leased?: string[]; config?: object }): Call {
  const kernel = fakeKernel();
  const own = kernel.link.create('host', { kind: 'veth', name: 'veth1', up: true, peer: { ns: 'container', name: 'eth0' } });
  const links = { uplink: '198.51.100.1/24', cni0: '192.0.2.1/24' };
  for (const [name, address] of Object.entries(links)) kernel.addr.add('host', kernel.link.create('host', { kind: 'bridge', name, up: true }), address);
  kernel.addr.add('host', own, '192.0.2.99/32');
  return {
    kernel, verb: 'ADD', module: 'acme', grants: { ...NO_GRANTS, hostLinks: ['cni0'] }, ownLinks: new Set([own]), ips: given.map((address) => ({ address })), hostHas: new Map(), meanings: new Map(), leases: new Set(leased),
    hashes: { attachment: 'a'.repeat(128) }, request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: config } }, nodeFiles: { podCidr: POD_CIDR },
  } as unknown as Call;
}

const owned = (of: Parameters<typeof call>[0], ...addresses: string[]): string[] => addresses.filter((one) => isOwnAddress(call(of), one));

test('what was given, in any spelling, and nothing else', () => {
  const given = ['192.0.2.66', '2001:DB8::5'];
  assert.equal(owned({ given }, '192.0.2.66', '2001:db8:0::5', '192.0.2.67', '2001:db8::6', 'any'), ['192.0.2.66', '2001:db8:0::5']);
  assert.equal(['192.0.2.66/32', '192.0.2.66/24', '2001:db8::5/128'].map((one) => isOwnPrefix(call({ given }), one)), [true, false, true]);
});

test('what a link of the host has is not a container\'s, whoever says so', () => {
  const hosts = ['198.51.100.1', '192.0.2.1'];
  assert.equal(owned({ given: hosts }, ...hosts), []);
  assert.equal(owned({ given: ['192.0.2.99'] }, '192.0.2.99'), ['192.0.2.99'], 'its own link');
});

const leased = ['8.8.8.8', '192.0.2.1', '192.0.2.66', '192.0.2.254', '192.0.2.255', '198.51.100.1', '2001:db8::1', '2001:db8::5', '2001:db8:3::5', '10.244.3.1', '10.244.3.9'];
const byLease = (config: object, ...expected: string[]) => (): void => assert.equal(owned({ leased, config }, ...leased), expected);

test('a lease that no configuration has a range for', byLease({}));
test('of another one\'s', byLease({ ipam: { type: 'acme', addresses: [{ address: '192.0.2.66/24' }] } }));
test('in a subnet, but for its gateway and its broadcast address', byLease({ ipam: { subnet: '192.0.2.0/24' } }, '192.0.2.66', '192.0.2.254'));
test('with another gateway the first is one of them', byLease({ IPAM: { Subnet: '2001:db8::/64', gateway: '2001:db8::5' } }, '2001:db8::1'));
test('in the range of a subnet', byLease({ ipam: { ranges: [[{ subnet: '192.0.2.0/24', rangeStart: '192.0.2.60', rangeEnd: '192.0.2.70' }]] } }, '192.0.2.66'));
test('in several, and in the runtime\'s', byLease({ ipam: { ranges: [[{ subnet: '192.0.2.0/25' }], [{ subnet: '2001:db8::/64' }]] }, runtimeConfig: { ipRanges: [[{ subnet: '192.0.2.128/25' }]] } },
  '192.0.2.66', '192.0.2.254', '2001:db8::5'));
test('in the node\'s pod subnets', byLease({ ipam: { ranges: [[{ subnet: 'usePodCidr' }]] } }, '2001:db8:3::5', '10.244.3.9'));
test('a range that leads out of its subnet ends with it', byLease({ ipam: { subnet: '192.0.2.64/29', rangeStart: '0.0.0.1', rangeEnd: '255.255.255.254' } }, '192.0.2.66'));
test('the host\'s own address in a range', byLease({ ipam: { subnet: '198.51.100.0/24', gateway: '198.51.100.2' } }));
for (const ipam of ['any', [], { subnet: 1 }, { subnet: '192.0.2.0' }, { subnet: '192.0.2.0/33' }, { subnet: '192.0.2.0/24', rangeStart: 'x' }, { ranges: {} }, { ranges: [{}] }, { ranges: [[null]] }]) {
  test(`no range at all: ${JSON.stringify(ipam)}`, byLease({ ipam }));
}

test.after(() => rmSync(folder, { recursive: true }));
test.run();
