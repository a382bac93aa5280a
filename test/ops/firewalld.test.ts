// What a module may ask of firewalld: its own addresses, whole, in the zone it was granted; and what stands in the journal then.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { newState } from '../../host/kernel/fake/state.ts';
import type { Undo } from '../../host/ledger/undo.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import type { Call } from '../../host/ops/call.ts';
import { firewalldOps } from '../../host/ops/firewalld.ts';

function callOn(zones: Record<string, string[]>, config: Record<string, unknown> = {}): { call: Call; noted: Undo[]; bound: () => unknown } {
  const state = newState();
  state.host.zones = zones;
  const kernel = fakeKernel(state);
  const noted: Undo[] = [];
  const journal = { intend: (_plugin: string, undo: Undo) => noted.push(undo) - 1, made: () => undefined, entries: [], end: () => undefined };
  const call = {
    kernel, journal, module: 'firewall', plugin: 'firewall', verb: 'ADD', hashes: { attachment: '', network: '', interface: '' },
    meanings: new Map(), grants: { ...NO_GRANTS, firewalld: ['{config.firewalldZone|trusted}'] }, ips: [{ address: '192.0.2.5' }, { address: '2001:DB8::5' }], hostHas: new Map(), leases: new Set(),
    request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: config } },
  } as unknown as Call;
  return { call, noted, bound: () => kernel.state.host.zones };
}

const OWN = ['192.0.2.5/32', '2001:db8::5/128'];
const refused = (act: () => unknown, message: RegExp): void => assert.throws(act, (error: unknown) => error instanceof CniError && error.code === 101 && message.test(error.message));

test('only what was not bound is noted down, and it is noted before it is bound', () => {
  const { call, noted, bound } = callOn({ trusted: OWN.slice(0, 1) });
  firewalldOps['firewalld.add'](call, { zone: 'trusted', sources: OWN });
  assert.equal(bound(), { trusted: OWN });
  assert.equal(noted.map(({ life, inverse }) => [life, inverse]), [['attachment', { do: 'unbind sources', zone: 'trusted', sources: OWN.slice(1) }]]);
  firewalldOps['firewalld.add'](call, { zone: 'trusted', sources: OWN });
  assert.is(noted.length, 1);
});

test('what is taken out comes back when the call fails', () => {
  const { call, noted, bound } = callOn({ trusted: OWN.slice(0, 1) });
  firewalldOps['firewalld.remove'](call, { zone: 'trusted', sources: OWN });
  assert.equal([bound(), noted.map(({ life, inverse }) => [life, inverse])], [{}, [['call', { do: 'bind sources', zone: 'trusted', sources: OWN.slice(0, 1) }]]]);
});

test('DEL asks for nothing and notes nothing', () => {
  const { call, noted, bound } = callOn({ trusted: OWN });
  Object.assign(call, { verb: 'DEL' });
  Object.assign(call.kernel.firewalld, { query: () => assert.unreachable('asked') });
  firewalldOps['firewalld.remove'](call, { zone: 'trusted', sources: OWN });
  assert.equal([bound(), noted], [{}, []]);
});

test('what the host has by now stays when DEL asks for it, and the rest goes', () => {
  const { call, bound } = callOn({ trusted: OWN });
  call.hostHas.set('192.0.2.5', true);
  refused(() => firewalldOps['firewalld.remove'](call, { zone: 'trusted', sources: OWN }), /192\.0\.2\.5/);
  firewalldOps['firewalld.remove'](Object.assign(call, { verb: 'DEL' }), { zone: 'trusted', sources: OWN });
  assert.equal(bound(), { trusted: OWN.slice(0, 1) });
});

test('another zone, another address, and more than an address are refused, also to look at', () => {
  const { call, noted, bound } = callOn({}, { firewalldZone: 'work' });
  for (const op of Object.values(firewalldOps) as ((call: Call, request: { zone: string; sources: string[] }) => object)[]) {
    refused(() => op(call, { zone: 'trusted', sources: OWN }), /of zone "trusted" is not granted/);
    for (const source of ['192.0.2.6/32', '192.0.2.5/24', '192.0.2.5', '0.0.0.0/0', '2001:db8::/64', 'ipset:blue']) {
      refused(() => op(call, { zone: 'work', sources: [source] }), /no address of this attachment/);
    }
  }
  assert.equal([noted, bound()], [[], {}]);
});

test.run();
