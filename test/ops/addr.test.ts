// Which addresses of the host a module may give, and how long they last: on a link of the attachment as long as that, on a shared one as the module says,
// and until DEL if it says nothing.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Ns } from '../../host/kernel/kernel.ts';
import type { Undo } from '../../host/ledger/undo.ts';
import { addrOps } from '../../host/ops/addr.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles, type Right } from '../../host/ops/handles.ts';
import type { ResultIp } from '../../host/protocol/result.ts';

function node({ ips = [{ address: '192.0.2.66/24' }], config = {} }: { ips?: ResultIp[]; config?: object } = {}) {
  const kernel = fakeKernel();
  kernel.link.create('host', { kind: 'bridge', name: 'cni0', up: true });
  kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  const lives: Undo['life'][] = [];
  const handles = newHandles();
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles, grants: { ...NO_GRANTS, addr: ['host', 'container'] }, granting: [{ ...NO_GRANTS, addr: ['host', 'container'] }], ips,
    request: { netconf: { value: config } }, nodeFiles: { podCidr: '/none' },
    journal: { intend: (_plugin: string, { life }: Undo) => lives.push(life) - 1 },
  } as unknown as Call;
  const on = (ns: Ns, name: string, right: Right): number => handles.mint({ ns, index: kernel.link.get(ns, { name })!.index, name, kind: '', right });
  return { lives, on, add: (link: number, address: string, life?: 'attachment' | 'network') => addrOps['addr.add'](call, { link, address, ...(life ? { life } : {}) }) };
}

test('on a shared link', () => {
  const { lives, on, add } = node();
  const bridge = on('host', 'cni0', 'granted');
  add(bridge, '192.0.2.1/32');
  add(bridge, '192.0.2.2/32', 'attachment');
  add(bridge, '192.0.2.3/32', 'network');
  assert.equal(lives, ['attachment', 'attachment', 'network']);
});

test('on one that goes with the attachment or with its namespace', () => {
  const { lives, on, add } = node();
  add(on('host', 'veth1', 'own'), '192.0.2.1/32');
  add(on('container', 'eth0', 'own'), '192.0.2.2/32', 'network');
  add(on('container', 'lo', 'granted'), '192.0.2.3/32');
  assert.equal(lives, ['call', 'call', 'call']);
});

/** Of these, those that can be given to the host. */
const given = (of: Parameters<typeof node>[0], ...addresses: string[]): string[] => addresses.filter((address) => {
  const { on, add } = node(of);
  try {
    return Boolean(add(on('host', 'veth1', 'own'), address));
  } catch (error) {
    assert.ok(error instanceof CniError && error.facts.kind === 'denied', String(error));
    return false;
  }
});

test('a network of the attachment as a whole, or one address of it', () => {
  const right = ['192.0.2.1/24', '192.0.2.66/24', '192.0.2.1/32'];
  assert.equal(given({}, ...right, '192.0.2.1/23', '192.0.2.1/1', '192.0.2.130/25', '192.0.2.66/31', '198.51.100.1/24', '198.51.100.1/32', '0.0.0.0/0', '2001:db8::1/64'), right);
});

test('of both families, and a gateway wherever it is', () => {
  const ips = [{ address: '192.0.2.66/32', gateway: '169.254.1.1' }, { address: '2001:DB8:0::66/64', gateway: '2001:db8:1::1' }];
  const right = ['169.254.1.1/32', '2001:db8::1/64', '2001:db8::1/128', '2001:db8:1::1/64'];
  assert.equal(given({ ips }, ...right, '169.254.1.2/32', '169.254.1.1/31', '192.0.2.1/24', '2001:db8::1/1', '2001:db8::1/65', '2001:db8:2::1/64'), right);
});

test('without a word on its addresses those of the configuration\'s ranges, and what is of one link alone', () => {
  const addresses = ['192.0.2.1/24', '198.51.100.1/25', '198.51.100.200/32', '8.8.8.8/32', '169.254.169.254/32', '2001:db8::1/64'];
  assert.equal(given({ ips: [] }, ...addresses, 'fe80::1/64', 'fe80::1/10'), ['fe80::1/64']);
  const ranges = [[{ subnet: '192.0.2.0/24' }], [{ subnet: '198.51.100.0/25', rangeStart: '198.51.100.9' }, { subnet: '2001:db8::/64' }]];
  assert.equal(given({ ips: [], config: { ipam: { type: 'acme', ranges } } }, ...addresses), ['192.0.2.1/24', '198.51.100.1/25', '2001:db8::1/64']);
});

test('in the container any', () => {
  const { on, add } = node();
  add(on('container', 'eth0', 'own'), '203.0.113.1/1');
});

test.run();
