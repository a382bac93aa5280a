// A range that is full of leases of an earlier boot: those whose namespace is gone are given out again, all others stay.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Chain } from '../../host/verbs/host.ts';
import { chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import { files } from '../support/node.ts';

const IPAM = [{ type: 'host-local', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/29', rangeStart: '192.0.2.2', rangeEnd: '192.0.2.2' }]] } }];
const GONE = '/run/netns/no-such-namespace';
const of = (containerId: string, netns = GONE, verb: Chain['request']['verb'] = 'ADD'): Chain => {
  const chain = chainOf(verb, IPAM, { netns });
  return { ...chain, request: { ...chain.request, attachment: { ...chain.request.attachment, containerId } } };
};
const owner = ({ leases }: FakeNode): string => readFileSync(join(leases, 'blue', '192.0.2.2'), 'utf8').split('\r')[0]!;

test('the lease of a container that ended with the machine is given to the next', () => {
  const node = fakeNode();
  node.add(of('c1'));
  node.reboot();
  node.status(of('', '', 'STATUS'));
  assert.is(owner(node), 'c1', 'STATUS takes nothing');
  node.add(of('c2'));
  assert.is(owner(node), 'c2');
  node.del(of('c1', '', 'DEL'));
  assert.is(owner(node), 'c2', 'a late DEL of the first finds nothing of its own');
  node.del(of('c2', '', 'DEL'));
  assert.equal(files(node.leases), []);
  node.remove();
});

test('not in the same boot, not while its namespace is there', () => {
  const cases: [string, (node: FakeNode) => void][] = [
    [GONE, () => undefined],
    ['/proc/self/ns/net', (node) => node.reboot()],
  ];
  for (const [netns, then] of cases) {
    const node = fakeNode();
    node.add(of('c1', netns));
    then(node);
    assert.throws(() => node.add(of('c2')), /no IP addresses available/);
    assert.is(owner(node), 'c1', netns);
    node.remove();
  }
});

test('an ADD over the record of an earlier boot keeps what that has leased: DEL frees it with its own, and GC what no plugin of the chain takes', () => {
  const pool = (node: FakeNode, dataDir: string): Record<string, unknown> => ({ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24', dataDir: join(node.root, dataDir) } });
  const leased = (node: FakeNode): string[] => ['before', 'after'].filter((dataDir) => files(join(node.root, dataDir)).some((line) => line.includes('c1')));
  const chain = (node: FakeNode, dataDir: string): Record<string, unknown>[] => [pool(node, dataDir), { type: 'loopback' }];
  const inherited = (): FakeNode => {
    const node = fakeNode();
    node.add(chainOf('ADD', chain(node, 'before')));
    node.reboot();
    node.add(chainOf('ADD', chain(node, 'after')));
    assert.equal(leased(node), ['before', 'after']);
    return node;
  };
  const ended: Record<string, (node: FakeNode) => void> = {
    DEL: (node) => node.del(chainOf('DEL', chain(node, 'after'))),
    'DEL after another boot': (node) => {
      node.reboot();
      node.del(chainOf('DEL', chain(node, 'after'), { netns: '' }));
    },
    GC: (node) => node.gc(chainOf('GC', chain(node, 'after'), { netns: '', frame: { 'cni.dev/valid-attachments': null } })),
    'DEL of another chain, and GC': (node) => {
      node.del(chainOf('DEL', [{ type: 'loopback' }]));
      assert.equal(leased(node), ['before', 'after']);
      node.gc(chainOf('GC', [{ type: 'loopback' }], { netns: '', frame: { 'cni.dev/valid-attachments': null } }));
    },
  };
  for (const [how, end] of Object.entries(ended)) {
    const node = inherited();
    end(node);
    assert.equal(leased(node), [], how);
    assert.equal(node.host.ledger.all(), [], how);
    node.remove();
  }
});

test.run();
