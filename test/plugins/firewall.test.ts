// firewall against a scripted host: what ADD asks for with each backend.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse } from '../support/guest-host.ts';
import { node, ops, play, prevResult, requests, SOURCES, withFirewalld, withNothing, withoutIptables } from './firewall-case.ts';

const shared = (name: string): object => ({ name, life: 'network' });
const once = (chain: string, at: string, rule: object): object => ({ chain, rule, at, life: 'network' });
const jump = (to: string, comment: string, match: object[] = []): object => ({ match, action: { jump: to }, comment });
const OVERRIDES = 'CNI firewall plugin admin overrides';
const about = (policy: string): string => `CNI firewall plugin rules (ingressPolicy: ${policy})`;

test('iptables: for each family the chains and rules of the reference, in its order; prevResult is the result', () => {
  const played = play('ADD', { backend: 'iptables' });
  assert.equal(played.result, prevResult);
  assert.equal(ops(played), ['iptables.apply', 'iptables.apply']);
  assert.equal(requests(played, 'iptables.apply')[0], {
    ns: 'host', family: 'ip', table: 'filter', chains: [shared('CNI-FORWARD'), shared('CNI-ADMIN')],
    add: [
      once('FORWARD', 'start', jump('CNI-FORWARD', 'CNI firewall plugin rules')),
      once('CNI-FORWARD', 'start', jump('CNI-ADMIN', OVERRIDES)),
      { chain: 'CNI-FORWARD', rule: { match: [{ daddr: '10.88.0.2/32' }, { ctState: ['related', 'established'] }], action: { verdict: 'accept' } } },
      { chain: 'CNI-FORWARD', rule: { match: [{ saddr: '10.88.0.2/32' }], action: { verdict: 'accept' } } },
    ],
  });
});

test('a policy: what leaves its bridge meets the other bridges that have one', () => {
  const [v4] = requests(play('ADD', { backend: 'iptables', ingressPolicy: 'isolated', iptablesAdminChainName: 'ACME' }), 'iptables.apply');
  assert.equal(v4!['chains'], ['CNI-FORWARD', 'ACME', 'CNI-ISOLATION-STAGE-1', 'CNI-ISOLATION-STAGE-2'].map(shared));
  const [out, notOut, into] = [{ oif: 'cni0' }, { oif: 'cni0', not: true }, { iif: 'cni0' }];
  assert.equal((v4!['add'] as object[]).slice(4), [
    once('FORWARD', 'start', jump('CNI-ISOLATION-STAGE-1', about('same-bridge|isolated'))),
    once('CNI-ISOLATION-STAGE-1', 'start', jump('CNI-ISOLATION-STAGE-2', about('isolated'), [into, notOut])),
    once('CNI-ISOLATION-STAGE-1', 'start', { match: [into, out], action: { verdict: 'drop' }, comment: about('isolated') }),
    once('CNI-ISOLATION-STAGE-1', 'end', { match: [], action: { verdict: 'return' }, comment: about('same-bridge|isolated') }),
    once('CNI-ISOLATION-STAGE-2', 'start', { match: [out], action: { verdict: 'drop' }, comment: about('same-bridge|isolated') }),
    once('CNI-ISOLATION-STAGE-2', 'end', { match: [], action: { verdict: 'return' }, comment: about('same-bridge|isolated') }),
  ]);
});

test('without a word of the configuration: firewalld where it runs, then iptables, then nftables', () => {
  for (const keys of [{}, { backend: '' }, { backend: 'quux' }]) {
    assert.equal(ops(play('ADD', keys)), ['firewalld.query', 'iptables.usable', 'iptables.apply', 'iptables.apply']);
    assert.equal(ops(play('ADD', keys, withFirewalld)), ['firewalld.query', 'firewalld.add']);
    assert.equal(ops(play('ADD', keys, withoutIptables)), ['firewalld.query', 'iptables.usable', 'nft.usable', 'nft.apply']);
    assert.equal(ops(play('ADD', keys, withNothing)), ['firewalld.query', 'iptables.usable', 'nft.usable', 'iptables.apply', 'iptables.apply']);
  }
});

test('iptables that does not answer now is no reason for another backend', () => {
  const busy = { ...node, 'iptables.usable': refuse('busy', 'locked'), 'iptables.apply': refuse('busy', 'locked') };
  const played = play('ADD', {}, busy);
  assert.equal([ops(played).includes('nft.apply'), played.error], [false, { code: 102, msg: 'failed to set up iptables rules: locked' }]);
});

test('a backend that is named is not looked for', () => {
  assert.equal(ops(play('ADD', { backend: 'firewalld' }, withFirewalld)), ['firewalld.add']);
  assert.equal(ops(play('ADD', { backend: 'nftables' })), ['nft.apply']);
});

test('firewalld: whole addresses in the zone, and iptables for a policy alone', () => {
  const played = play('ADD', { firewalldZone: 'work', ingressPolicy: 'same-bridge' }, withFirewalld);
  assert.equal(requests(played, 'firewalld.add'), [{ zone: 'work', sources: SOURCES }]);
  assert.equal(requests(played, 'iptables.apply').map(({ family, chains }) => [family, chains]), ['ip', 'ip6'].map((family) => [family, ['CNI-ISOLATION-STAGE-1', 'CNI-ISOLATION-STAGE-2'].map(shared)]));
  assert.equal(requests(play('ADD', {}, withFirewalld), 'firewalld.add'), [{ zone: 'trusted', sources: SOURCES }]);
});

test('nftables: a base chain that asks policies, admin and containers; rules that bear a name', () => {
  const [wanted] = requests(play('ADD', { backend: 'nftables', ingressPolicy: 'same-bridge' }), 'nft.apply');
  assert.equal([wanted!['family'], wanted!['table']], ['inet', 'cni_firewall']);
  assert.equal((wanted!['chains'] as { name: string; hook?: object }[]).map(({ name, hook }) => [name, hook]), [
    ['policies', undefined], ['closed_bridges', undefined], ['admin', undefined], ['containers', undefined], ['forward', { type: 'filter', hook: 'forward', priority: 0 }],
  ]);
  assert.equal(wanted!['set'], [{ chain: 'forward', rules: ['policies', 'admin', 'containers'].map((chain) => ({ match: [], action: { jump: chain } })) }]);
  const added = wanted!['add'] as { chain: string; life?: string; rule: { comment: string } }[];
  assert.equal(added.map(({ chain, life }) => [chain, life]), [...Array(4).fill(['containers', undefined]), ['policies', 'network'], ['closed_bridges', 'network']]);
  assert.match(added[0]!.rule.comment, /^[0-9a-f]{16}-[0-9a-f]{16}, net: podnet, if: eth0, id: c1$/);
  assert.match(added[4]!.rule.comment, /^[0-9a-f]{16}-policy, net: podnet$/);
});

test('no addresses: nothing is asked for but the backend, and that succeeds', () => {
  const played = play('ADD', { backend: 'iptables', ingressPolicy: 'isolated' }, node, { ...prevResult, ips: [] });
  assert.equal([played.error, ops(played)], [undefined, []]);
});

const refused = (what: string, keys: object, msg: string, result: unknown = prevResult): void => test(`refused: ${what}`, () => {
  const played = play('ADD', keys, node, result);
  assert.equal([played.error, played.asked], [{ code: 999, msg }, []]);
});
refused('no prevResult', {}, 'missing prevResult from earlier plugin', null);
refused('an unknown policy', { ingressPolicy: 'Open' }, 'unknown ingress policy: "Open"');
refused('a policy without a bridge', { ingressPolicy: 'isolated' }, 'interface needs to be set for ingress policy "isolated", make sure to chain "firewall" plugin with "bridge"', { ips: prevResult.ips });
refused('a number for a word', { backend: 7 }, 'failed to load netconf: json: cannot unmarshal number into Go struct field FirewallNetConf.backend of type string');

test('errors say what was being done; those of firewalld are complete', () => {
  assert.equal(play('ADD', { backend: 'iptables' }, { ...node, 'iptables.apply': refuse('io', 'locked') }).error, { code: 102, msg: 'failed to set up iptables rules: locked' });
  assert.equal(play('ADD', { backend: 'nftables' }, { ...node, 'nft.apply': refuse('io', 'locked') }).error, { code: 102, msg: 'failed to set up nftables rules: locked' });
  assert.equal(play('ADD', { backend: 'firewalld' }, { ...node, 'firewalld.add': refuse('io', 'failed to add it') }).error, { code: 102, msg: 'failed to add it' });
});

test.run();
