// Requests against the shapes of abi/ops.ts.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS } from '../../abi/ops.ts';
import { mismatch } from '../../host/sandbox/validate-shape.ts';

const wrong = (name: string, request: unknown): string | undefined => mismatch(OPS.find(({ domain, name: op }) => `${domain}.${op}` === name)!.request, request);

test('requests as plugins send them', () => {
  assert.is(wrong('link.create', { name: 'eth0', ns: 'container', kind: 'veth', mtu: 1500, peer: { ns: 'host' } }), undefined);
  assert.is(wrong('link.set', { link: 1, master: null }), undefined);
  assert.is(wrong('link.set', { link: 1, master: 7 }), undefined);
  assert.is(wrong('nft.usable', {}), undefined);
  assert.is(wrong('nft.apply', { family: 'ip', table: 'cni_hostport', set: [{ chain: 'hostports', rules: [{ match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: '10.0.0.2', port: 80 } } }] }] }), undefined);
});

const REFUSED: readonly [string, unknown, RegExp][] = [
  ['link.get', 'eth0', /the request must be an object/],
  ['link.create', { kind: 'veth' }, /needs "name"/],
  ['link.create', { name: 'eth0', kind: 'vxlan' }, /kind must be one of veth, bridge, ifb, got "vxlan"/],
  ['link.create', { name: 'a-name-that-is-too-long', kind: 'veth' }, /name must be at most 15/],
  ['link.create', { name: 'ünïcödé-näme', kind: 'veth' }, /name must be at most 15/],
  ['link.create', { name: 'eth\u00000', kind: 'veth' }, /control characters/],
  ['link.create', { name: 'eth0', kind: 'veth', mac: '0A:00:00:00:00:01' }, /mac must match/],
  ['link.create', { name: 'eth0', kind: 'veth', peer: { ns: 'host', nmae: 'x' } }, /peer has the unknown field "nmae"/],
  ['link.set', { link: '1' }, /link must be an integer/],
  ['link.set', { link: 0 }, /link must be 1 to/],
  ['link.set', { link: 1, master: 'cni0' }, /master fits none of its forms/],
  ['link.set', { link: 1, up: 1 }, /up must be true or false/],
  ['link.set', { link: 1, constructor: 1 }, /unknown field "constructor"/],
  ['nft.apply', { family: 'ip', table: 't', add: [{ chain: 'c', rule: { match: [{ dports: Array.from({ length: 16 }, () => 1) }], action: {} } }] }, /add\[0\]\.rule\.match\[0\]\.dports must have at most 15 items/],
  ['nft.apply', { family: 'ip', table: 't', add: {} }, /add must be a list/],
];
for (const [op, request, words] of REFUSED) test(`${op} ${JSON.stringify(request).slice(0, 70)}`, () => assert.match(String(wrong(op, request)), words));

test.run();
