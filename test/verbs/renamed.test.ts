// A network is renamed while its containers run: DEL comes with the new name, and takes back what was made under the old one.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Chain } from '../../host/verbs/host.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

const green = (chain: Chain): Chain => ({ ...chain, request: { ...chain.request, attachment: { ...chain.request.attachment, network: 'green' } } });

test('DEL under another network name leaves nothing', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables');
  node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
  const before = node.picture();
  node.add(chainOf('ADD', plugins));
  assert.is.not(node.picture(), before);
  node.del(green(chainOf('DEL', plugins, { netns: '', frame: { name: 'green' } })));
  assert.is(node.picture(), before);
  node.remove();
});

test('an attachment that is known under the name leaves the other alone', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables').slice(0, 1);
  node.add(chainOf('ADD', plugins));
  const attached = node.picture();
  const other = (verb: Chain['request']['verb']): Chain => green(chainOf(verb, [{ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }], { frame: { name: 'green' } }));
  node.add(other('ADD'));
  node.del(other('DEL'));
  assert.is(node.picture(), attached);
  node.remove();
});

test('another interface of the container is left alone', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables').slice(0, 1);
  node.add(chainOf('ADD', plugins));
  const attached = node.picture();
  const other = green(chainOf('DEL', plugins, { netns: '', frame: { name: 'green' } }));
  node.del({ ...other, request: { ...other.request, attachment: { ...other.request.attachment, ifname: 'eth1' } } });
  assert.is(node.picture(), attached);
  node.remove();
});

test.run();
