// What takes a qdisc back: it goes with a link of the attachment and with the container; on another link of the host DEL has to do it.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Ns } from '../../host/kernel/kernel.ts';
import type { Journal } from '../../host/ledger/journal.ts';
import type { Life } from '../../host/ledger/undo.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles, type Right } from '../../host/ops/handles.ts';
import { tcOps } from '../../host/ops/tc.ts';

function lifeOfQdisc(ns: Ns, name: string, right: Right): Life | undefined {
  const kernel = fakeKernel();
  kernel.link.create('host', { kind: 'bridge', name: 'cni0', up: true });
  kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  let life: Life | undefined;
  const journal: Pick<Journal, 'intend'> = { intend: (_, undo) => { life = undo.life; return 0; } };
  const handles = newHandles();
  const call = { verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles, journal, grants: { ...NO_GRANTS, tc: ['host', 'container'] } } as unknown as Call;
  const { index, kind } = kernel.link.get(ns, { name })!;
  tcOps['tc.qdisc'](call, { link: handles.mint({ ns, index, name, kind, right }), kind: 'ingress' });
  return life;
}

test('on a link of the attachment', () => assert.is(lifeOfQdisc('host', 'veth1', 'own'), 'call'));
test('on any link of the container, as with addresses and sysctls', () => assert.is(lifeOfQdisc('container', 'lo', 'granted'), 'call'));
test('on a link of the host that others use too', () => assert.is(lifeOfQdisc('host', 'cni0', 'granted'), 'attachment'));

test.run();
