// Whose qdiscs a module may take away: those of a link that is the attachment's. On one that it may configure they can be anybody's.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles, type Right } from '../../host/ops/handles.ts';
import { tcOps } from '../../host/ops/tc.ts';

function linkWithQdisc(right: Right) {
  const kernel = fakeKernel();
  const index = kernel.link.create('host', { kind: 'ifb', name: 'bwp0' });
  const handles = newHandles();
  const link = handles.mint({ ns: 'host', index, name: 'bwp0', kind: 'ifb', right });
  const call = { kernel, handles, verb: 'DEL', module: 'acme', plugin: 'acme', grants: { ...NO_GRANTS, tc: ['host'] } } as unknown as Call;
  kernel.tc.addQdisc('host', { index, kind: 'ingress' });
  return { remove: () => tcOps['tc.delete'](call, { link, kind: 'ingress' }), left: () => kernel.tc.qdiscs('host', index).length };
}

test('of its own link', () => {
  const { remove, left } = linkWithQdisc('own');
  remove();
  assert.is(left(), 0);
});

test('of none that it may only configure, adjust or see', () => {
  for (const right of ['granted', 'shared', 'read'] as const) {
    const { remove, left } = linkWithQdisc(right);
    assert.throws(remove, (error: unknown) => error instanceof CniError && error.facts.kind === 'denied' && error.facts.at === 'host:bwp0');
    assert.is(left(), 1, right);
  }
});

test.run();
