// Which links a module may make: each end of a pair needs a grant of its namespace, also the one that the request says nothing of.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Requests } from '../../abi/gen/types.ts';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS, type Grants } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { forwardJournal } from '../../host/ledger/journal.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { createLink } from '../../host/ops/link-create.ts';

/** The links that are there afterwards, host first; undefined when it was refused. */
function made(link: Grants['link'], request: Requests['link.create']): number[] | undefined {
  const kernel = fakeKernel();
  const before = (['host', 'container'] as const).map((ns) => kernel.link.list(ns).length);
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles: newHandles(), journal: forwardJournal, hashes: { attachment: 'a'.repeat(128) }, meanings: new Map(),
    grants: { ...NO_GRANTS, link, hostLinks: ['acme*'] }, request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netconf: { value: {} } },
  } as unknown as Call;
  try {
    createLink(call, request);
  } catch (error) {
    if (error instanceof CniError && error.facts.kind === 'invalid') throw error;
    assert.ok(error instanceof CniError && error.facts.kind === 'denied', String(error));
    return undefined;
  }
  return (['host', 'container'] as const).map((ns, i) => kernel.link.list(ns).length - before[i]!);
}

const BOTH = { host: ['veth'], container: ['veth'] };

test('a name that the kernel would take for a pattern is refused before anything is made', () => {
  for (const request of [{ name: 'eth%d', kind: 'veth' }, { name: 'eth0', kind: 'veth', peer: { name: 'acme%d' } }, { ns: 'host', name: 'acme%', kind: 'bridge' }] as Requests['link.create'][]) {
    assert.throws(() => made({ host: ['veth', 'bridge'], container: ['veth'] }, request), /has a %, which the kernel takes for a pattern/);
  }
});

test('a pair across the two namespaces needs both, however it is written', () => {
  const across: Requests['link.create'][] = [
    { name: 'eth0', kind: 'veth' }, { name: 'eth0', kind: 'veth', peer: { ns: 'host' } }, { name: 'eth0', kind: 'veth', peer: { ns: 'host', name: 'acme0' } },
    { ns: 'host', name: 'acme0', kind: 'veth' }, { ns: 'host', name: 'acme0', kind: 'veth', peer: { ns: 'container', name: 'eth0' } },
  ];
  for (const request of across) {
    assert.equal(made(BOTH, request), [1, 1]);
    for (const link of [{ host: ['veth'] }, { container: ['veth'] }]) assert.is(made(link, request), undefined, JSON.stringify({ link, request }));
  }
});

test('one within a namespace needs that one', () => {
  assert.equal(made({ container: ['veth'] }, { name: 'eth0', kind: 'veth', peer: { ns: 'container', name: 'eth1' } }), [0, 2]);
  assert.equal(made({ host: ['veth'] }, { ns: 'host', name: 'acme0', kind: 'veth', peer: { ns: 'host', name: 'acme1' } }), [2, 0]);
  assert.equal(made({ host: ['bridge'] }, { ns: 'host', name: 'acme0', kind: 'bridge' }), [1, 0]);
});

test.run();
