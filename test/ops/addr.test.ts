// How long an address of the host lasts: on a link of the attachment as long as that, on a shared one as the module says, and until DEL if it says nothing.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Ns } from '../../host/kernel/kernel.ts';
import type { Undo } from '../../host/ledger/undo.ts';
import { addrOps } from '../../host/ops/addr.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles, type Right } from '../../host/ops/handles.ts';

function node() {
  const kernel = fakeKernel();
  kernel.link.create('host', { kind: 'bridge', name: 'cni0', up: true });
  kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  const lives: Undo['life'][] = [];
  const handles = newHandles();
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles, grants: { ...NO_GRANTS, addr: ['host', 'container'] },
    journal: { intend: (_plugin: string, { life }: Undo) => lives.push(life) - 1 },
  } as unknown as Call;
  const on = (ns: Ns, name: string, right: Right): number => handles.mint({ ns, index: kernel.link.get(ns, { name })!.index, name, kind: '', right });
  return { lives, on, add: (link: number, address: string, life?: 'attachment' | 'network') => addrOps['addr.add'](call, { link, address, ...(life ? { life } : {}) }) };
}

test('on a shared link', () => {
  const { lives, on, add } = node();
  const bridge = on('host', 'cni0', 'granted');
  add(bridge, '192.0.2.1/32');
  add(bridge, '192.0.2.2/32', 'attachment');
  add(bridge, '192.0.2.3/32', 'network');
  assert.equal(lives, ['attachment', 'attachment', 'network']);
});

test('on one that goes with the attachment or with its namespace', () => {
  const { lives, on, add } = node();
  add(on('host', 'veth1', 'own'), '192.0.2.1/32');
  add(on('container', 'eth0', 'own'), '192.0.2.2/32', 'network');
  add(on('container', 'lo', 'granted'), '192.0.2.3/32');
  assert.equal(lives, ['call', 'call', 'call']);
});

test.run();
