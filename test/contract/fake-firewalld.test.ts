// The contract of firewalld, held by the one in memory.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeKernel, type FakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { newState } from '../../host/kernel/fake/state.ts';
import { firewalldCases } from './cases/firewalld.ts';
import { refuses } from './case.ts';

function running(): FakeKernel {
  const state = newState();
  state.host.zones = {};
  return fakeKernel(state);
}

for (const [name, holds] of Object.entries(firewalldCases)) test(name, () => holds(running().firewalld));

test('where it does not run nothing is bound, and nothing can be', () => {
  const { firewalld } = fakeKernel();
  assert.is(firewalld.query('trusted', ['192.0.2.5/32']).running, false);
  refuses(() => firewalld.add('trusted', ['192.0.2.5/32']), 'EFIREWALLD');
  firewalld.remove('trusted', ['192.0.2.5/32']);
});

test('its zones are a part of the dump, which is read back', () => {
  const kernel = running();
  assert.match(kernel.dump(), /^firewalld$/m);
  kernel.firewalld.add('work', ['192.0.2.5/32', '2001:db8::5/128']);
  assert.match(kernel.dump(), /^zone work 192\.0\.2\.5\/32 2001:db8::5\/128$/m);
  assert.is(fakeKernel(kernel.dump()).dump(), kernel.dump());
});

test.run();
