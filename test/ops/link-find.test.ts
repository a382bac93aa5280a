// Finding links: in whose namespace, and what is answered besides.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { forwardJournal } from '../../host/ledger/journal.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { linkOps } from '../../host/ops/link.ts';

/** A bridge on the host with the attachment's port, and one of the same index in the container with a port of its own. */
function opened(): { call: Call; bridge: number } {
  const kernel = fakeKernel();
  const bridge = kernel.link.create('host', { kind: 'bridge', name: 'cni0', vlanFiltering: true });
  const inside = kernel.link.create('container', { kind: 'bridge', name: 'br0' });
  assert.is(inside, bridge);
  kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  kernel.link.set('host', kernel.link.get('host', { name: 'veth1' })!.index, { master: bridge });
  kernel.link.create('container', { kind: 'veth', name: 'port0', peer: { ns: 'container', name: 'port1' } });
  kernel.link.set('container', kernel.link.get('container', { name: 'port0' })!.index, { master: inside });
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles: newHandles(), journal: forwardJournal, ownLinks: new Set(), hashes: { attachment: 'a'.repeat(128) },
    meanings: new Map(), grants: { ...NO_GRANTS, hostLinks: ['cni0', 'veth1'] },
    request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: {} } },
  } as unknown as Call;
  return { call, bridge: linkOps['link.get'](call, { ns: 'host', name: 'cni0' }).link };
}

test('the ports of a bridge are those in its namespace, whether that is said or not', () => {
  const { call, bridge } = opened();
  for (const ns of [undefined, 'host', 'container'] as const) {
    const { links } = linkOps['link.list'](call, { master: bridge, ...(ns ? { ns } : {}) });
    assert.equal(links.map(({ name }) => name), ['veth1'], ns);
  }
});

test('VLANs are answered however the port was found', () => {
  const { call } = opened();
  const { link: eth0 } = linkOps['link.get'](call, { name: 'eth0' });
  const port = linkOps['link.get'](call, { ns: 'host', name: 'veth1', vlans: true });
  assert.equal(port.vlans, [{ id: 1, pvid: true, untagged: true }]);
  assert.equal(linkOps['link.get'](call, { link: port.link, vlans: true }).vlans, port.vlans);
  assert.equal(linkOps['link.get'](call, { endOf: eth0, vlans: true }).vlans, port.vlans);
});

test.run();
