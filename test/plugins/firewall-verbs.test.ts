// firewall: DEL, CHECK, GC and STATUS.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse } from '../support/guest-host.ts';
import { conf, firewall, node, ops, play, prevResult, requests, SOURCES, withFirewalld, withNothing, withoutIptables } from './firewall-case.ts';

const own = (address: string): object[] => [
  { chain: 'CNI-FORWARD', rule: { match: [{ daddr: address }, { ctState: ['related', 'established'] }], action: { verdict: 'accept' } } },
  { chain: 'CNI-FORWARD', rule: { match: [{ saddr: address }], action: { verdict: 'accept' } } },
];

test('DEL takes the addresses of prevResult out of every backend', () => {
  const played = play('DEL', {}, withFirewalld);
  assert.is(played.error, undefined);
  assert.equal(requests(played, 'iptables.apply'), [
    { ns: 'host', family: 'ip', table: 'filter', remove: own('10.88.0.2/32') }, { ns: 'host', family: 'ip6', table: 'filter', remove: own('fd00:88::2/128') },
  ]);
  assert.equal(requests(played, 'firewalld.remove'), [{ zone: 'trusted', sources: SOURCES }]);
  const [removed] = requests(played, 'nft.apply');
  assert.match(JSON.stringify(removed), /"remove":\[\{"chain":"containers","commentPrefix":"[0-9a-f]{16}-[0-9a-f]{16}"\}\]/);
});

test('DEL without prevResult goes by names alone, and needs no right configuration', () => {
  for (const keys of [{}, { ingressPolicy: 'closed' }, { backend: 7 }]) {
    const played = play('DEL', keys, node, null);
    assert.equal([played.error, ops(played)], [undefined, ['nft.usable', 'nft.apply', 'nft.list', 'nft.apply']]);
  }
});

test('DEL leaves out what cannot be used, and a firewalld that the configuration does not mean', () => {
  assert.equal(ops(play('DEL', { backend: 'iptables' }, withNothing)), ['iptables.usable', 'iptables.usable', 'nft.usable']);
  assert.equal(ops(play('DEL', { backend: 'firewalld' }, withNothing)).at(-1), 'firewalld.remove');
});

test('DEL and GC do not take what does not answer now for what is not there', () => {
  const silent = { ...node, 'iptables.usable': refuse('busy', 'locked'), 'nft.usable': refuse('timeout', 'no answer') };
  const played = play('DEL', {}, silent);
  assert.equal(played.error, { code: 999, msg: 'locked\nlocked\nno answer' });
  assert.equal([requests(played, 'iptables.apply'), requests(played, 'nft.apply')], [[], []], 'nor do they ask twice');
  assert.equal(firewall({ verb: 'GC', config: conf({}, null), containerId: '', ifname: '', netns: false, validAttachments: [] }, silent).error, { code: 999, msg: 'no answer' });
});

test('DEL goes on after errors and tells them', () => {
  const played = play('DEL', {}, { ...node, 'iptables.apply': ({ family }) => (family === 'ip' ? refuse('busy', 'busy')() : {}), 'firewalld.remove': refuse('io', 'deaf') });
  assert.equal(played.error, { code: 999, msg: 'busy\ndeaf' });
  assert.is(requests(played, 'iptables.apply').length, 2);
});

const listed = (...comments: string[]): object => ({ chains: [{ name: 'policies', rules: [] }, { name: 'containers', rules: comments.map((comment) => ({ text: 'x', comment })) }] });

test('the policy of a network stays while one of its attachments has rules', () => {
  const [first] = requests(play('ADD', { backend: 'nftables' }), 'nft.apply');
  const { comment } = (first!['add'] as { rule: { comment: string } }[])[0]!.rule;
  const other = comment.replace(/-[0-9a-f]{16},/, '-0123456789abcdef,');
  const applied = (...comments: string[]) => requests(play('DEL', {}, { ...node, 'nft.list': listed(...comments) }, null), 'nft.apply').length;
  assert.equal([applied(), applied(other), applied('0123456789abcdef-0123456789abcdef, net: red')], [2, 1, 2]);
});

test('GC takes away the rules of attachments that are not listed, and only of this network', () => {
  const [first] = requests(play('ADD', { backend: 'nftables' }), 'nft.apply');
  const { comment } = (first!['add'] as { rule: { comment: string } }[])[0]!.rule;
  const gone = comment.replace('id: c1', 'id: c9').replace(/-[0-9a-f]{16},/, '-0123456789abcdef,');
  const gc = (validAttachments?: { containerID: string; ifname: string }[]) => firewall(
    { verb: 'GC', config: conf({}, null), containerId: '', ifname: '', netns: false, ...(validAttachments ? { validAttachments } : {}) },
    { ...node, 'nft.list': listed(comment, gone, 'theirs') },
  );
  assert.equal(requests(gc([{ containerID: 'c1', ifname: 'eth0' }]), 'nft.apply').map(({ remove }) => remove), [[{ chain: 'containers', comment: gone }]]);
  assert.equal((requests(gc([]), 'nft.apply')[0]!['remove'] as object[]).length, 2);
  assert.equal(gc().asked, []);
});

test('CHECK asks for exactly what ADD makes, and changes nothing', () => {
  for (const keys of [{ backend: 'iptables', ingressPolicy: 'isolated' }, { backend: 'iptables' }]) {
    const checked = play('CHECK', keys);
    assert.equal(requests(checked, 'iptables.check'), requests(play('ADD', keys), 'iptables.apply'));
    assert.equal([checked.error, ops(checked).filter((op) => /apply|add/.test(op))], [undefined, []]);
  }
  const { remove: _, ...wanted } = requests(play('ADD', { backend: 'nftables', ingressPolicy: 'isolated' }), 'nft.apply')[0]!;
  assert.equal(requests(play('CHECK', { backend: 'nftables', ingressPolicy: 'isolated' }), 'nft.check'), [wanted]);
  assert.is(play('CHECK', {}, withFirewalld).error, undefined);
});

test('CHECK says what is missing, in the reference\'s words', () => {
  const says = (chain: string, rule?: string): string | undefined => play('CHECK', {}, { ...node, 'iptables.check': { missing: [{ chain, ...(rule ? { rule } : {}) }] } }).error?.msg;
  assert.is(says('CNI-FORWARD', '-s 10.88.0.2/32 -j ACCEPT'), 'expected rule [-s 10.88.0.2/32 -j ACCEPT] not found');
  assert.is(says('FORWARD', '-m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD'), 'expected FORWARD rule [-m comment --comment CNI firewall plugin rules -j CNI-FORWARD] not found');
  assert.is(says('CNI-ADMIN'), 'expected chain CNI-ADMIN not found');
  const half = { ...node, 'firewalld.query': { bus: true, running: true, bound: SOURCES.slice(0, 1) } };
  assert.equal(play('CHECK', {}, half).error, { code: 999, msg: 'failed to find the address fd00:88::2/128 in trusted zone' });
  assert.is(play('CHECK', { backend: 'firewalld' }).error?.msg, 'no bus');
  assert.is(play('CHECK', {}, node, null).error?.msg, 'missing prevResult from earlier plugin');
});

test('STATUS: 50 when nothing that the configuration allows can be used', () => {
  const status = (keys: object, answers = node): unknown => play('STATUS', keys, answers, null).error;
  assert.is(status({}), undefined);
  assert.is(status({}, withoutIptables), undefined);
  assert.is(status({ backend: 'firewalld' }, { ...withoutIptables, 'firewalld.query': { bus: true, running: false, bound: [] } }), undefined);
  assert.equal(status({ backend: 'iptables' }, withoutIptables), { code: 50, msg: 'the firewall cannot be set up: iptables: not found' });
  assert.equal(status({ backend: 'firewalld' }), { code: 50, msg: 'the firewall cannot be set up: firewalld: no bus' });
  assert.equal(status({}, withNothing), { code: 50, msg: 'the firewall cannot be set up: iptables: not found; nftables: not found' });
  assert.equal(status({ backend: 'nftables' }, withNothing), { code: 50, msg: 'the firewall cannot be set up: nftables: not found' });
  assert.equal(status({ ingressPolicy: 'closed' }), { code: 999, msg: 'unknown ingress policy: "closed"' });
});

test('whatever prevResult holds is no reason to trap', () => {
  for (const result of [{}, { ips: [] }, { interfaces: [], ips: prevResult.ips }]) {
    for (const verb of ['ADD', 'DEL', 'CHECK'] as const) assert.is(play(verb, {}, node, result).error, undefined);
  }
});

test.run();
