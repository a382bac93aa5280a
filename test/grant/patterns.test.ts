// Patterns: what they match in a call, and which covers which.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { covers, patternIn, type PatternFacts } from '../../host/grant/patterns.ts';

const HASH = 'cd3fed99a2da5e8c646d13af'.padEnd(128, '0');
const FACTS: PatternFacts = { attachment: HASH, containerId: 'c.1', ifname: 'eth0', config: { bridge: 'cni7', ipam: { dataDir: 'x' }, n: 5, half: 0.5, Upper: 'up', dots: 'a.b*' } };

const MATCHES: readonly [string, string, boolean][] = [
  ['veth*', 'veth1a2b', true],
  ['veth*', 'xveth1', false],
  ['*', '', true],
  ['a*', 'a/b', false],
  ['net/ipv4/conf/*/rp_filter', 'net/ipv4/conf/eth0/rp_filter', true],
  ['net/ipv4/conf/*/rp_filter', 'net/ipv4/conf/eth0/x/rp_filter', false],
  ['container:net/**', 'container:net/ipv4/conf/eth0/rp_filter', true],
  ['container:net/**', 'net/ipv4/conf/eth0/rp_filter', false],
  ['CNI-{attachment:24}', `CNI-${HASH.slice(0, 24)}`, true],
  ['CNI-{attachment:24}', `CNI-${'0'.repeat(24)}`, false],
  ['{ifname}', 'eth0', true],
  ['{ifname}', 'eth1', false],
  ['{config.bridge|cni0}', 'cni7', true],
  ['{config.bridge|cni0}', 'cni0', false],
  ['{config.absent|cni0}', 'cni0', true],
  ['{config.absent}', '', false],
  ['{config.absent}', 'undefined', false],
  ['{config.n|7}', '5', true],
  ['{config.bridge}.{config.n}', 'cni7.5', true],
  ['{config.half|7}', '0.5', false],
  ['x-{containerId}-{ifname}', 'x-c.1-eth0', true],
  ['x-{containerId}-{ifname}', 'x-c11-eth0', false],
  ['{config.upper}', 'up', true],
  ['{config.ipam.dataDir}', 'x', true],
  ['{config.dots}', 'a.b*', true],
  ['{config.dots}', 'axb*', false],
  ['a.b', 'axb', false],
  ['net/ipv6/conf/{link}/accept_ra', 'net/ipv6/conf/{link}/accept_ra', true],
  ['x', 'x\n', false],
];
for (const [pattern, text, expected] of MATCHES) test(`${pattern} on ${JSON.stringify(text).slice(0, 50)}: ${expected}`, () => assert.is(patternIn(FACTS, pattern)(text), expected));

test('in GC any attachment is meant', () => {
  const gc = { ...FACTS, attachment: undefined, containerId: undefined, ifname: undefined };
  assert.is(patternIn(gc, 'x-{containerId}-{ifname}-mac')('x-any-thing-mac'), true);
  assert.is(patternIn(gc, 'x-{containerId}-{ifname}-mac')('x-any-thing'), false);
  assert.is(patternIn(gc, 'CNI-{attachment:4}')('CNI-0a1b'), true);
  assert.is(patternIn(gc, 'CNI-{attachment:4}')('CNI-0a1'), false);
  assert.is(patternIn(gc, 'CNI-{attachment:4}')('CNI-zzzz'), false);
});

test('covers', () => {
  for (const [wide, narrow] of [['*', 'CNI-{attachment:24}'], ['CNI-*', 'CNI-DN-*'], ['x', 'x'], ['{ifname}', '{ifname}'], ['net/**', 'net/ipv4/*'], ['net/**', 'net/ipv4/conf/{link}/x'], ['a*b*c', 'abbc'], ['*a*', 'a'], ['***', 'a/b'], ['a**', 'a\n/'], ['**', '']] as const) assert.is(covers(wide, narrow), true, `${wide} ${narrow}`);
  for (const [wide, narrow] of [['CNI-DN-*', 'CNI-*'], ['*', 'a/b'], ['x', 'y'], ['{ifname}', 'eth0'], ['CNI.', 'CNIx'], ['net/*', 'net/**/x'], ['container:net/**', 'net/ipv4/x'], ['a*', 'ba'], ['a*b', 'abc'], ['a*b*c', 'acb'], ['net/*', 'net/**'], ['*', '**'], ['a*b', 'a**b'], ['a/*', 'a**']] as const) assert.is(covers(wide, narrow), false, `${wide} ${narrow}`);
});

test('as many stars as a module likes come to an end', () => {
  assert.is(patternIn(FACTS, `${'*a'.repeat(255)}`)(`${'a'.repeat(511)}b`), false);
  assert.is(patternIn(FACTS, `${'**a'.repeat(170)}`)(`${'a/'.repeat(255)}b`), false);
  assert.is(patternIn(FACTS, '*')('a'.repeat(512)), true);
  assert.is(patternIn(FACTS, '*')('a'.repeat(513)), false, 'no name is as long as that');
  assert.is(covers(`${'**'.repeat(1000)}x`, 'inet acme-rules-of-this-node'), false);
  assert.is(covers(`${'*-'.repeat(1000)}x`, '-'.repeat(1000)), false);
  assert.is(covers('*-*-*-*', '-'.repeat(100_000)), true);
});

test.run();
