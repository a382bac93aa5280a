// imports ∩ manifest ∩ policy, and the line that would allow what is refused.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { grantBuiltin, grantByPolicy, type Asked } from '../../host/grant/grant-for.ts';
import { DEFAULT_LIMITS, type Manifest } from '../../host/grant/grants.ts';
import type { Policy, PolicyEntry } from '../../host/grant/policy.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const asked = (operations: string[], manifest: Partial<Manifest> = {}, network = 'blue'): Asked => ({
  name: 'acme-fw', digest: DIGEST, operations, network,
  manifest: { abi: 1, name: 'acme-fw', version: '1.0.0', role: 'chained', cniVersions: [], wants: {}, optional: [], limits: {}, ...manifest },
});
const policy = (entry?: Partial<PolicyEntry>): Policy => ({ path: '/etc/cni/wasm/policy.json', signers: [], modules: new Map(entry ? [[DIGEST, { grants: {}, limits: {}, ...entry }]] : []) });

function refused(act: () => unknown): CniError {
  try {
    act();
  } catch (error) {
    assert.instance(error, CniError);
    assert.is((error as CniError).code, 101);
    return error as CniError;
  }
  return assert.unreachable('it was granted') as never;
}

const IPTABLES = { nat: { chains: ['ACME-{attachment:20}'], jumpFrom: ['POSTROUTING'] } };

test('without an entry nothing is granted, and the refusal says what would', () => {
  const { message, facts } = refused(() => grantByPolicy(asked(['iptables.apply'], { wants: { iptables: IPTABLES } }), policy()));
  assert.is(message, 'plugin "acme-fw" asks for cni:iptables/1.apply; policy grants none');
  assert.is(facts.details, `allow it in /etc/cni/wasm/policy.json: modules["${DIGEST}"].grants += {"iptables":${JSON.stringify(IPTABLES)}}`);
});

test('that line allows it', () => {
  const { granted, grants } = grantByPolicy(asked(['iptables.apply'], { wants: { iptables: IPTABLES } }), policy({ grants: { iptables: IPTABLES } }));
  assert.equal([...granted], ['iptables.apply']);
  assert.equal(grants.iptables, IPTABLES);
});

test('a table that is called as what every object has is one that was not granted', () => {
  for (const table of ['constructor', '__proto__', 'toString']) {
    const wants = { iptables: JSON.parse(`{${JSON.stringify(table)}:${JSON.stringify(IPTABLES.nat)}}`) as typeof IPTABLES };
    const { message } = refused(() => grantByPolicy(asked(['iptables.apply'], { wants }), policy({ grants: { iptables: IPTABLES } })));
    assert.match(message, /asks for cni:iptables\/1.apply/);
  }
});

test('a module without wishes in its manifest gets nothing, whatever the policy says', () => {
  const { facts } = refused(() => grantByPolicy(asked(['conntrack.flush']), policy({ grants: { conntrack: true } })));
  assert.match(facts.details!, /its manifest does not want "conntrack" either/);
});

test('another network', () => {
  const entry = { networks: ['prod-*'], grants: { tc: ['host' as const] } };
  const wants = { wants: { tc: ['host' as const] } };
  assert.match(refused(() => grantByPolicy(asked(['tc.qdisc'], wants, 'blue'), policy(entry))).message, /policy grants none on network "blue"/);
  assert.equal([...grantByPolicy(asked(['tc.qdisc'], wants, 'prod-1'), policy(entry)).granted], ['tc.qdisc']);
});

test('an optional import without a grant is left unbound', () => {
  assert.equal([...grantByPolicy(asked(['conntrack.flush', 'link.get'], { optional: ['conntrack.flush'], wants: { conntrack: true } }), policy()).granted], ['link.get']);
});

test('the narrower of two patterns counts, whoever wrote it', () => {
  const intersection = (wished: string[], given: string[]) => grantByPolicy(asked([], { wants: { nft: wished, link: { host: wished } } }), policy({ grants: { nft: given, link: { host: given } } })).grants;
  assert.equal(intersection(['ip acme_*'], ['*']).nft, ['ip acme_*']);
  assert.equal(intersection(['*'], ['ip acme_*']).nft, ['ip acme_*']);
  assert.equal(intersection(['a', 'b'], ['b', 'c']).nft, ['b']);
  assert.equal(intersection(['a*'], ['*b']).nft, []);
  assert.equal(grantByPolicy(asked([], { wants: { firewalld: ['{config.zone|work}'] } }), policy({ grants: { firewalld: ['*'] } })).grants.firewalld, ['{config.zone|work}']);
  assert.equal(intersection(['veth'], ['veth', 'bridge']).link, { host: ['veth'], container: [] });
});

test('the operator\'s own words stay beside what is common, also those of a signer', () => {
  assert.equal(grantByPolicy(asked([], { wants: { hostLinks: ['veth{attachment:8}'] } }), policy({ grants: { hostLinks: ['veth*'] } })).granting?.map(({ hostLinks }) => hostLinks), [['veth*']]);
  assert.is(grantBuiltin(asked([])).granting, undefined);
});

test('namespaces, tables and stores intersect too', () => {
  const { grants } = grantByPolicy(
    asked([], { wants: { addr: ['host', 'container'], store: 'own', iptables: { nat: { chains: ['A-*'], jumpFrom: ['INPUT', 'OUTPUT'] }, filter: { chains: ['A'], jumpFrom: [] } }, delegate: ['ipam'] } }),
    policy({ grants: { addr: ['container'], store: 'ipam', iptables: { nat: { chains: ['*'], jumpFrom: ['OUTPUT'] }, mangle: { chains: ['*'], jumpFrom: [] } } } }),
  );
  assert.equal([grants.addr, grants.store, grants.iptables, grants.delegate], [['container'], 'none', { nat: { chains: ['A-*'], jumpFrom: ['OUTPUT'] } }, []]);
});

test('reading is free, changing is not', () => {
  const reads = ['link.get', 'link.list', 'addr.list', 'addr.await', 'route.list', 'rule.list', 'neigh.list', 'tc.list', 'sysctl.get', 'nft.usable', 'iptables.usable'];
  assert.equal([...grantByPolicy(asked(reads), policy()).granted], reads);
  for (const write of ['link.create', 'link.set', 'link.delete', 'addr.add', 'route.add', 'rule.add', 'neigh.add', 'nft.apply', 'nft.list', 'iptables.check', 'tc.filter', 'sysctl.set', 'conntrack.flush', 'firewalld.query', 'firewalld.add', 'store.get', 'store.put', 'conf.file', 'delegate.call']) {
    refused(() => grantByPolicy(asked([write]), policy()));
  }
});

test('a module of the host gets what it wants, and no more', () => {
  assert.equal([...grantBuiltin(asked(['tc.qdisc'], { wants: { tc: ['host'] } })).granted], ['tc.qdisc']);
  assert.match(refused(() => grantBuiltin(asked(['tc.qdisc']))).message, /its manifest wants none/);
});

test('limits: the operator raises, a module of ours too, another only lowers', () => {
  assert.equal(grantBuiltin(asked([])).limits, DEFAULT_LIMITS);
  assert.is(grantBuiltin(asked([], { limits: { timeMs: 100 } })).limits.timeMs, 100);
  assert.is(grantBuiltin(asked([], { limits: { timeMs: 100_000 } })).limits.timeMs, 100_000);
  assert.is(grantByPolicy(asked([], { limits: { timeMs: 100_000 } }), policy({})).limits.timeMs, DEFAULT_LIMITS.timeMs);
  assert.is(grantByPolicy(asked([], { limits: { timeMs: 100 } }), policy({ limits: { timeMs: 60_000 } })).limits.timeMs, 60_000);
  assert.is(grantByPolicy(asked([], {}, 'red'), policy({ networks: ['blue'], limits: { timeMs: 60_000 } })).limits.timeMs, DEFAULT_LIMITS.timeMs);
});

test.run();
