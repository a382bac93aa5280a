// Which verb may do what: CHECK and STATUS look, DEL and GC take away, and only ADD, which has a journal, makes.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS, type Op } from '../../abi/ops.ts';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel, type FakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { forwardJournal } from '../../host/ledger/journal.ts';
import type { Locks } from '../../host/ledger/locks.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { perform } from '../../host/ops/perform.ts';
import { ruleTables } from '../../host/ops/rules/tables.ts';
import type { ModuleVerb } from '../../host/protocol/request.ts';

const LOCKS = { hold: () => ({ release: () => undefined }) } as unknown as Locks;
const VERBS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'] as const;
const nameOf = ({ domain, name }: Op): string => `${domain}.${name}`;
const named = (name: string): Op => OPS.find((op) => nameOf(op) === name)!;

function callIn(verb: ModuleVerb): { kernel: FakeKernel; call: Call; link(ns: 'host' | 'container', name: string): number } {
  const kernel = fakeKernel();
  kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth0' } });
  const handles = newHandles();
  const call = {
    kernel, handles, verb, journal: forwardJournal, module: 'acme', plugin: 'acme', hashes: { attachment: '' }, ips: [],
    meanings: new Map(), hostHas: new Map(), grants: { ...NO_GRANTS, nft: ['inet acme'], sysctl: ['net/ipv4/ip_forward'] }, tables: ruleTables(kernel, LOCKS),
    request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: {} } },
  } as unknown as Call;
  return { kernel, call, link: (ns, name) => handles.mint({ ns, index: kernel.link.get(ns, { name })!.index, name, kind: 'veth', right: 'own' }) };
}

const refuses = (act: () => unknown, says: RegExp): void =>
  assert.throws(act, (error: unknown) => error instanceof CniError && error.code === 101 && error.facts.kind === 'denied' && says.test(error.message));

test('what changes something is not for CHECK and STATUS, and what makes something is for ADD alone', () => {
  const changes = OPS.filter(({ right }) => right !== 'read');
  for (const verb of ['CHECK', 'STATUS'] as const) assert.equal(changes.filter(({ verbs }) => verbs.includes(verb)).map(nameOf), ['delegate.call']);
  assert.equal(changes.filter(({ verbs }) => verbs.includes('DEL')).map(nameOf), [
    'link.set', 'link.delete', 'addr.delete', 'route.delete', 'rule.delete', 'neigh.delete', 'nft.apply', 'iptables.apply', 'tc.delete', 'sysctl.set', 'conntrack.flush',
    'firewalld.remove', 'store.delete', 'delegate.call',
  ]);
  assert.equal(changes.filter(({ verbs }) => verbs.includes('GC') && !verbs.includes('DEL')).map(nameOf), ['store.collect']);
});

for (const verb of VERBS) {
  test(`${verb}: what is not for it is refused before anything is looked at`, () => {
    for (const op of OPS.filter(({ verbs }) => !verbs.includes(verb))) {
      refuses(() => perform(callIn(verb).call, op, {}), new RegExp(`^plugin "acme": ${nameOf(op)} is for [A-Z, and]+, not for ${verb}, which `));
    }
  });
}

test('DEL sets back what is in the container, and nothing on the host', () => {
  const { kernel, call, link } = callIn('DEL');
  perform(call, named('link.set'), { link: link('container', 'eth0'), mtu: 1400 });
  perform(call, named('sysctl.set'), { key: 'net/ipv4/ip_forward', value: '1' });
  assert.equal([kernel.link.get('container', { name: 'eth0' })!.mtu, kernel.sysctl.get('container', 'net/ipv4/ip_forward')], [1400, '1']);
  const before = kernel.dump();
  refuses(() => perform(call, named('link.set'), { link: link('host', 'veth0'), mtu: 1400 }), /link\.set on the host is for ADD, not for DEL/);
  refuses(() => perform(call, named('sysctl.set'), { ns: 'host', key: 'net/ipv4/ip_forward', value: '1' }), /sysctl\.set on the host is for ADD, not for DEL/);
  assert.is(kernel.dump(), before);
});

test('DEL and GC take rules and chains away, and make none', () => {
  const table = { ns: 'host', family: 'inet', table: 'acme' };
  const rule = { match: [], action: { verdict: 'accept' } };
  for (const verb of ['DEL', 'GC'] as const) {
    const { kernel, call } = callIn(verb);
    const apply = (rules: object): object => perform(call, named('nft.apply'), { ...table, ...rules });
    apply({ remove: [{ chain: 'in', rule }], drop: [{ chain: 'in' }] });
    const before = kernel.dump();
    for (const making of [{ chains: [{ name: 'in' }] }, { set: [{ chain: 'in', rules: [rule] }] }, { set: [{ chain: 'in', rules: [] }] }, { drop: [{ chain: 'in' }], add: [{ chain: 'in', rule }] }]) {
      refuses(() => apply(making), new RegExp(`nft\\.apply with chains, set or add is for ADD, not for ${verb}`));
    }
    assert.is(kernel.dump(), before);
  }
});

test('the refusal names what it was about', () => {
  const { call, link } = callIn('CHECK');
  const at = (op: string, request: object): string | undefined => {
    try {
      perform(call, named(op), { ...request });
    } catch (error) {
      return (error as CniError).facts.at;
    }
    return undefined;
  };
  assert.is(at('link.set', { link: link('host', 'veth0'), mtu: 1400 }), 'host:veth0');
  assert.is(at('nft.apply', { family: 'inet', table: 'acme' }), 'acme');
  assert.is(at('route.add', { dst: '192.0.2.0/24' }), '192.0.2.0/24');
  assert.is(at('store.collect', {}), 'CHECK');
});

test.run();
