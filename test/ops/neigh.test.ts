// Whose neighbour entries a module may touch: on links of its own any, on those it shares on the host those of its own addresses.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Ns } from '../../host/kernel/kernel.ts';
import { forwardJournal } from '../../host/ledger/journal.ts';
import { carryOut, type Inverse } from '../../host/ledger/undo.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles, type Right } from '../../host/ops/handles.ts';
import { neighOps } from '../../host/ops/neigh.ts';

const MINE = '02:00:00:00:00:05';
const OTHERS = '02:00:00:00:00:09';

function node() {
  const kernel = fakeKernel();
  kernel.link.create('host', { kind: 'bridge', name: 'cni0', up: true });
  kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  const handles = newHandles();
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles, journal: forwardJournal, grants: { ...NO_GRANTS, neigh: ['host', 'container'] },
    ips: [{ address: '10.1.0.5' }, { address: '2001:db8::5' }], hostHas: new Map(), leases: new Set(),
  } as unknown as Call;
  const handle = (ns: Ns, name: string, right: Right): number => handles.mint({ ns, index: kernel.link.get(ns, { name })!.index, name, kind: 'veth', right });
  return { kernel, call, handle };
}

test('traffic to another container is not drawn to this one over the bridge of both', () => {
  const { kernel, call, handle } = node();
  const [bridge, { index }] = [handle('host', 'cni0', 'granted'), kernel.link.get('host', { name: 'cni0' })!];
  const denied = (act: () => unknown): void => assert.throws(act, (error: unknown) => error instanceof CniError && error.facts.kind === 'denied');
  denied(() => neighOps['neigh.add'](call, { link: bridge, ip: '10.1.0.9', mac: MINE }));
  kernel.neigh.add('host', index, '10.1.0.9', OTHERS);
  denied(() => neighOps['neigh.delete'](call, { link: bridge, ip: '10.1.0.9', mac: OTHERS }));
  assert.equal(kernel.neigh.list('host', index).map(({ ip, mac }) => [ip, mac]), [['10.1.0.9', OTHERS]]);
});

test('its own addresses are its own there, and on its own links it is free', () => {
  const { call, handle } = node();
  const bridge = handle('host', 'cni0', 'granted');
  for (const [link, ip] of [[bridge, '10.1.0.5'], [bridge, '2001:db8:0::5'], [handle('host', 'veth1', 'own'), '10.1.0.9'], [handle('container', 'eth0', 'own'), '10.1.0.1']] as const) {
    neighOps['neigh.add'](call, { link, ip, mac: MINE });
    neighOps['neigh.delete'](call, { link, ip, mac: MINE });
  }
});

test('an entry that somebody has put in the place of ours is not taken back', () => {
  const { kernel } = node();
  const { index } = kernel.link.get('host', { name: 'cni0' })!;
  const inverse: Inverse = { do: 'delete neighbour', ns: 'host', netns: kernel.netnsId('host')!, index, ip: '2001:db8:0::5', mac: MINE };
  const takeBack = (): void => carryOut(inverse, { kernel, tables: undefined!, openStore: undefined! });
  const left = (): unknown[] => kernel.neigh.list('host', index).map(({ mac }) => mac);
  kernel.neigh.add('host', index, '2001:db8::5', OTHERS);
  takeBack();
  assert.equal(left(), [OTHERS]);
  kernel.neigh.delete('host', index, '2001:db8::5');
  kernel.neigh.add('host', index, '2001:db8::5', MINE);
  takeBack();
  assert.equal(left(), []);
});

test.run();
