// portmap with nftables, and the choice between both backends.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answers } from '../support/guest-host.ts';
import { add, conf, node, portMappings, portmap, prevResult, requests, v4Only } from './portmap-case.ts';

const chain = (name: string, hook?: string, priority?: number): object => ({ name, life: 'network', ...(hook ? { hook: { type: 'nat', hook, priority } } : {}) });
const nftRequest = (family: string, keys: { snat?: boolean }, add: object[]): object => ({
  ns: 'host', family, table: 'cni_hostport', tableComment: 'CNI portmap plugin',
  chains: [
    chain('hostports'), chain('hostip_hostports'), chain('hostports_all'), chain('prerouting', 'prerouting', -100), chain('output', 'output', -100),
    ...(keys.snat === false ? [] : [chain('masquerading', 'postrouting', 100)]),
  ],
  set: [
    { chain: 'hostports_all', rules: [{ match: [], action: { jump: 'hostip_hostports' } }, { match: [], action: { jump: 'hostports' } }] },
    ...['prerouting', 'output'].map((name) => ({ chain: name, rules: [{ match: [{ dstType: 'local' }], action: { jump: 'hostports_all' } }] })),
  ],
  add,
});
const hostports = (match: object[], to: string, port: number): object => ({ chain: 'hostports', rule: { match, action: { dnat: { to, port } }, comment: 'c1' } });
const masquerading = (saddr: string, daddr: string): object => ({ chain: 'masquerading', rule: { match: [{ saddr }, { daddr }], action: { masquerade: true }, comment: 'c1' } });

test('nftables: the table of the reference in each family', () => {
  const { asked, result } = add({ backend: 'nftables' });
  assert.equal(result, prevResult);
  assert.equal(asked.map(({ op }) => op), ['nft.apply', 'conntrack.flush', 'route.list', 'link.get', 'sysctl.set', 'nft.apply', 'conntrack.flush']);
  assert.equal(requests(asked, 'nft.apply'), [
    nftRequest('ip', {}, [
      hostports([{ proto: 'tcp', dport: 8080 }], '10.88.0.2', 80),
      hostports([{ daddr: '192.0.2.1' }, { proto: 'tcp', dport: 8443 }], '10.88.0.2', 80),
      hostports([{ proto: 'udp', dport: 5353 }], '10.88.0.2', 53),
      masquerading('10.88.0.2', '10.88.0.2'),
      masquerading('127.0.0.1', '10.88.0.2'),
    ]),
    nftRequest('ip6', {}, [
      hostports([{ proto: 'tcp', dport: 8080 }], 'fd00:88::2', 80),
      hostports([{ proto: 'udp', dport: 5353 }], 'fd00:88::2', 53),
      masquerading('fd00:88::2', 'fd00:88::2'),
    ]),
  ]);
});

test('nftables: snat false and masqAll', () => {
  const mappings = { runtimeConfig: { portMappings: portMappings.slice(0, 1) }, backend: 'nftables' };
  const rule = hostports([{ proto: 'tcp', dport: 8080 }], '10.88.0.2', 80);
  assert.equal(requests(add({ ...mappings, snat: false }, v4Only).asked, 'nft.apply'), [nftRequest('ip', { snat: false }, [rule])]);
  assert.equal(requests(add({ ...mappings, masqAll: true }, v4Only).asked, 'nft.apply'), [nftRequest('ip', {}, [rule, masquerading('0.0.0.0/0', '10.88.0.2')])]);
});

test('nftables: conditions stand in each rule of the attachment', () => {
  const conditions = { backend: 'nftables', conditionsV4: ['iifname', '', 'eth7'], conditionsV6: ['ct state new'] };
  const raws = requests(add(conditions).asked, 'nft.apply').map((one) => (one['add'] as { chain: string; rule: { match: object[] } }[]).filter(({ chain }) => chain === 'hostports').map(({ rule }) => rule.match.at(-1)));
  assert.equal(raws, [Array(3).fill({ raw: ['iifname', 'eth7'] }), Array(2).fill({ raw: ['ct state new'] })]);
});

test('nftables is taken where only that can be used', () => {
  const only = { ...node, 'iptables.usable': { usable: false, why: 'no iptables' } };
  const ops = (keys: object, answers: Answers): string[] => portmap({ verb: 'ADD', config: conf(keys, v4Only) }, answers).asked.map(({ op }) => op).filter((op) => op.endsWith('apply'));
  assert.equal(ops({}, only), ['nft.apply']);
  assert.equal(ops({}, { ...only, 'nft.usable': { usable: false } }), ['iptables.apply']);
  assert.equal(ops({ backend: 'iptables' }, only), ['iptables.apply']);
});

test.run();
