// Whose VLANs a module may change: those of its own ports, and of a port it has just made for the network.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { carryOut, type Undo } from '../../host/ledger/undo.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { linkOps } from '../../host/ops/link.ts';

function opened(): { call: Call; undos: Undo[]; bridge: number } {
  const kernel = fakeKernel();
  const bridge = kernel.link.create('host', { kind: 'bridge', name: 'cni0', vlanFiltering: true });
  kernel.link.create('host', { kind: 'veth', name: 'cni0.9', peer: { ns: 'host', name: 'port9' } });
  kernel.link.set('host', kernel.link.get('host', { name: 'port9' })!.index, { master: bridge });
  const undos: Undo[] = [];
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles: newHandles(), ownLinks: new Set(), hashes: { attachment: 'a'.repeat(128) },
    journal: { intend: (_plugin: string, undo: Undo) => undos.push(undo) - 1, made() {} },
    meanings: new Map(), grants: { ...NO_GRANTS, link: { host: ['veth'], container: ['veth'] }, hostLinks: ['cni0', 'cni0.*', 'port9'] },
    request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: {} } },
  } as unknown as Call;
  return { call, undos, bridge: linkOps['link.get'](call, { ns: 'host', name: 'cni0' }).link };
}
const VLANS = [{ id: 100, pvid: true, untagged: true }];

test('the port of the attachment\'s own pair: set, answered when asked for, and the inverse is what was there', () => {
  const { call, undos, bridge } = opened();
  const { peer } = linkOps['link.create'](call, { name: 'eth0', kind: 'veth', peer: { ns: 'host' } });
  linkOps['link.set'](call, { link: peer!, master: bridge });
  linkOps['link.set'](call, { link: peer!, vlans: VLANS });
  assert.equal(linkOps['link.get'](call, { link: peer!, vlans: true }).vlans, VLANS);
  assert.is(linkOps['link.get'](call, { link: peer! }).vlans, undefined);
  const { life, inverse } = undos.at(-1)!;
  assert.equal([life, inverse.do, 'to' in inverse && inverse.to], ['call', 'set link', { vlans: [{ id: 1, pvid: true, untagged: true }] }]);
});

test('a pair made for the network in this call: its port can be set, and is the network\'s', () => {
  const { call, undos, bridge } = opened();
  const { link, peer } = linkOps['link.create'](call, { ns: 'host', name: 'cni0.5', kind: 'veth', life: 'network', peer: { ns: 'host' } });
  assert.is(linkOps['link.get'](call, { link: peer! }).owner, 'network');
  linkOps['link.set'](call, { link: peer!, master: bridge });
  linkOps['link.set'](call, { link: peer!, vlans: VLANS });
  assert.equal(undos.map(({ life }) => life), ['network', 'network', 'network']);
  assert.is(linkOps['link.get'](call, { link }).owner, 'network');
});

test('a port that is moved to another bridge comes back as it was', () => {
  const { call, undos, bridge } = opened();
  const { kernel } = call;
  const other = linkOps['link.get'](call, { ns: 'host', link: call.handles.mint({ ns: 'host', index: kernel.link.create('host', { kind: 'bridge', name: 'cni1' }), name: 'cni1', kind: 'bridge', right: 'granted' }) });
  const { peer } = linkOps['link.create'](call, { name: 'eth0', kind: 'veth', peer: { ns: 'host' } });
  linkOps['link.set'](call, { link: peer!, master: bridge, hairpin: true, isolated: true, vlans: VLANS });
  const { index } = call.handles.use(peer!, 'test', 'read');
  const before = [kernel.link.get('host', { index }), kernel.link.vlans('host', index)];
  linkOps['link.set'](call, { link: peer!, master: other.link });
  carryOut(undos.at(-1)!.inverse, { kernel, tables: undefined!, openStore: undefined! });
  assert.equal([kernel.link.get('host', { index }), kernel.link.vlans('host', index)], before);
});

test('a port that is only granted keeps its VLANs', () => {
  const { call, undos } = opened();
  const { link } = linkOps['link.get'](call, { ns: 'host', name: 'port9', vlans: true });
  assert.throws(() => linkOps['link.set'](call, { link, vlans: VLANS }), (error: unknown) => error instanceof CniError && error.facts.kind === 'denied');
  assert.equal(undos, []);
});

test.run();
