// A request that is wrong in itself has one code, whichever operation finds it and wherever: that of a refused grant would say that a grant helps,
// and DEL would take it for an ADD that was never run.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS } from '../../abi/ops.ts';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { forwardJournal } from '../../host/ledger/journal.ts';
import type { Locks } from '../../host/ledger/locks.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { perform } from '../../host/ops/perform.ts';
import { ruleTables } from '../../host/ops/rules/tables.ts';

const LOCKS = { hold: () => ({ release: () => undefined }) } as unknown as Locks;
const kernel = fakeKernel();
const handles = newHandles();
const linkOf = (ns: 'host' | 'container', name: string): number =>
  handles.mint({ ns, index: kernel.link.create(ns, { kind: 'bridge', name }), name, kind: 'bridge', right: 'own' });
const link = linkOf('container', 'br0');
const elsewhere = linkOf('host', 'cni0');
const both = ['host', 'container'] as const;
const call = {
  kernel, handles, verb: 'ADD', module: 'acme', plugin: 'acme', journal: forwardJournal, tables: ruleTables(kernel, LOCKS), meanings: new Map(), hostHas: new Map(), ips: [], leases: new Set(), hashes: { attachment: '' },
  grants: {
    ...NO_GRANTS, link: { container: ['bridge'] }, addr: both, route: both, rule: both, tc: both, neigh: both, store: 'own', sysctl: ['**'],
    nft: ['inet acme'], iptables: { nat: { chains: ['**'], jumpFrom: [], jumpTo: [] } },
  },
  request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: {} } },
} as unknown as Call;

const WRONG: Record<string, [op: string, request: object][]> = {
  'a handle that is none': [['link.set', { link: 77, mtu: 1400 }], ['addr.add', { link: 77, address: '192.0.2.1/24' }]],
  'a link of the other namespace': [['link.set', { link, master: elsewhere }], ['tc.filter', { link, parent: 'root', redirect: elsewhere }]],
  'nothing to find a link by': [['link.get', {}]],
  'a name that is a pattern': [['link.create', { name: 'eth%d', kind: 'bridge' }]],
  'a qdisc without its numbers': [['tc.qdisc', { link, kind: 'tbf' }]],
  'a key that is none': [['sysctl.get', { key: 'kernel/core_pattern' }], ['store.get', { key: 'lock' }]],
  'an address that is none': [['addr.add', { link, address: '192.0.2.300/24' }], ['route.add', { link, dst: 'everywhere' }]],
  'addresses of two families': [['route.add', { link, dst: '192.0.2.0/24', gw: '2001:db8::1' }], ['rule.add', { family: 'ip', from: '2001:db8::/64', table: 100 }]],
  'a rule that cannot be written': [['nft.apply', { ns: 'host', family: 'inet', table: 'acme', add: [{ chain: 'in', rule: { match: [{ iif: 'eth0', oif: 'eth1' }], action: { verdict: 'drop' } } }] }]],
  'a family of the other backend': [['iptables.apply', { ns: 'host', family: 'inet', table: 'nat', chains: [{ name: 'ACME' }] }]],
};

for (const [what, requests] of Object.entries(WRONG)) {
  for (const [op, request] of requests) {
    test(`${what}: ${op}`, () => {
      const known = OPS.find(({ domain, name }) => `${domain}.${name}` === op)!;
      assert.throws(() => perform(call, known, request as Record<string, unknown>), (error: unknown) => {
        assert.instance(error, CniError);
        const { code, message, facts: { kind } } = error as CniError;
        assert.equal({ code, kind }, { code: 999, kind: 'invalid' }, message);
        return true;
      });
    });
  }
}

test.run();
