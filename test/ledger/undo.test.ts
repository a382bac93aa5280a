// Taking back a veth: the end in the host goes only where and as it was recorded; any other link there is somebody else's.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { hostLinksMade, namespacesOf } from '../../host/ledger/records.ts';
import { carryOut, type Inverse, type Undo } from '../../host/ledger/undo.ts';
import { ruleTables } from '../../host/ops/rules/tables.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

type DeleteLink = Extract<Inverse, { do: 'delete link' }>;

/** Is the host's end of a veth there after taking back what was recorded, with the container's namespace out of reach? */
function isLeft(change: (recorded: DeleteLink) => DeleteLink, seen: (kernel: Kernel) => Kernel = (kernel) => kernel): boolean {
  const { kernel, host, remove } = fakeNode();
  const index = kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  const recorded: DeleteLink = {
    do: 'delete link', ns: 'container', netns: 'gone', name: 'eth0', kind: 'veth', index,
    peer: { ns: 'host', netns: kernel.netnsId('host')!, name: 'veth1', index: kernel.link.get('host', { name: 'veth1' })!.index },
  };
  const there = seen(kernel);
  carryOut(change(recorded), { kernel: there, tables: ruleTables(there, host.locks), openStore: host.stores });
  remove();
  return kernel.link.get('host', { name: 'veth1' }) !== undefined;
}

const withPeer = (more: Partial<NonNullable<DeleteLink['peer']>>) => (recorded: DeleteLink): DeleteLink => ({ ...recorded, peer: { ...recorded.peer!, ...more } });
const older = (recorded: DeleteLink): DeleteLink => {
  const { netns, ...peer } = recorded.peer!;
  assert.type(netns, 'string');
  return { ...recorded, peer };
};
const fromElsewhere = (kernel: Kernel): Kernel => ({
  ...kernel, netnsId: (ns) => (ns === 'host' ? '4:999' : kernel.netnsId(ns)), isNetns: (ns, mark) => (ns === 'host' ? mark === '4:999' : kernel.isNetns(ns, mark)),
});

test('a module owns what was made in this network namespace, and no link of another that has its index', () => {
  const { kernel, remove } = fakeNode();
  const undo: Undo = { life: 'attachment', by: 'bridge', op: 'link.create', inverse: {
    do: 'delete link', ns: 'container', netns: 'gone', name: 'eth0', kind: 'veth', index: 2, peer: { ns: 'host', netns: kernel.netnsId('host')!, name: 'veth1', index: 7 },
  } };
  assert.equal([...hostLinksMade([undo], kernel)], [7]);
  assert.equal([...hostLinksMade([undo], fromElsewhere(kernel))], []);
  remove();
});
test('as it was recorded it goes', () => assert.is(isLeft((recorded) => recorded), false));
test('it goes by a record of earlier, which does not say where it was', () => assert.is(isLeft(older), false));
test('under its index, but another name, it stays', () => assert.is(isLeft(withPeer({ name: 'veth2' })), true));
test('by a record of earlier too', () => assert.is(isLeft((recorded) => older(withPeer({ name: 'veth2' })(recorded))), true));
test('from another network namespace it stays', () => assert.is(isLeft((recorded) => recorded, fromElsewhere), true));
test('also without an index, which a killed ADD does not know', () => assert.is(isLeft(({ peer, ...recorded }) => ({ ...recorded, peer: { ns: 'host', netns: peer!.netns!, name: 'veth1' } }), fromElsewhere), true));
test('a link of the host has its name as well', () => assert.is(isLeft(({ peer, ...recorded }) => ({ ...recorded, ...peer!, netns: peer!.netns!, name: 'veth2' })), true));

test('ADD records in which namespace each end is', () => {
  const node = fakeNode();
  node.add(chainOf('ADD', blueChain('nftables')));
  const veth = node.host.ledger.all().flatMap(({ plugins }) => plugins.flatMap(({ undo }) => undo)).filter(({ inverse }) => 'peer' in inverse);
  assert.is(veth.length, 1);
  for (const ns of ['container', 'host'] as const) assert.equal([...namespacesOf(veth, ns)], [node.kernel.netnsId(ns)]);
  node.remove();
});

test.run();
