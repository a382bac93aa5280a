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

test.run();
