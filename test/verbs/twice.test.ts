// A plugin that stands twice in a chain: each of both has a record of what it made itself.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { collectGone } from '../../host/verbs/collect-gone.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

const [bridge, portmap] = blueChain('nftables');
const to = (hostPort: number): object => ({ ...portmap, runtimeConfig: { portMappings: [{ hostPort, containerPort: 80, protocol: 'tcp' }] } });
const plugins = [bridge!, { ...to(8080) }, { ...to(9090) }];

test('nothing is in the ledger twice, nor told twice', () => {
  const node = fakeNode();
  node.add(chainOf('ADD', plugins));
  const [record] = node.host.ledger.all();
  assert.equal(record!.plugins.map(({ name }) => name), ['bridge', 'portmap', 'portmap']);
  const ports = record!.plugins.map(({ undo }) => [...new Set(JSON.stringify(undo).match(/"dport":\d+/g))]);
  assert.equal(ports, [[], ['"dport":8080'], ['"dport":9090']]);
  const told = collectGone(node.host, { dryRun: true }).kept.flatMap(({ objects }) => objects.map(({ object }) => object));
  assert.equal(told, [...new Set(told)]);
  node.remove();
});

test('DEL takes back what each has made', () => {
  const node = fakeNode();
  const prevResult = node.add(chainOf('ADD', plugins));
  assert.match(node.kernel.dump(), /dport 8080/);
  node.del(chainOf('DEL', plugins, { prevResult }));
  assert.not.match(node.kernel.dump(), /dport (8080|9090)/);
  assert.equal(node.host.ledger.all(), []);
  node.remove();
});

test.run();
