// A kernel that deletes links together: what was deleted is hidden at once and gone at the end.
// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferringKernel } from '../../host/kernel/deferred-deletes.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { makeBridge, makeVeth } from '../contract/case.ts';

const test = suite('deferred deletes');

function node() {
  const steps: string[] = [];
  const direct = fakeKernel(undefined, { before: (method, args) => void steps.push(`${method} ${JSON.stringify(args)}`) });
  const { eth0, veth1 } = makeVeth(direct);
  const ifb = direct.link.create('host', { kind: 'ifb', name: 'bwp0' });
  const kernel = deferringKernel(direct);
  steps.length = 0;
  return { direct, kernel, steps, eth0, veth1, ifb };
}

test('an ifb and a veth, named by its end in the container, go in one step', () => {
  const { kernel, direct, steps, eth0, veth1, ifb } = node();
  kernel.link.delete('host', ifb);
  kernel.link.delete('container', eth0);
  assert.equal(steps, []);
  assert.is(direct.link.list('host').length, 3);
  assert.equal([kernel.link.get('host', { name: 'bwp0' }), kernel.link.get('host', { index: veth1 }), kernel.link.get('container', { name: 'eth0' })], [undefined, undefined, undefined]);
  assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo']);
  kernel.deleteLinks();
  assert.equal(steps, [`link.deleteTogether ["host",[${ifb},${veth1}]]`]);
  assert.equal(direct.link.list('host').map(({ name }) => name), ['lo']);
  kernel.deleteLinks();
  assert.is(steps.length, 1);
});

test('what is gone already is said at once, and other kinds go at once', () => {
  const { kernel, steps, direct } = node();
  assert.throws(() => kernel.link.delete('host', 4711), /ENODEV/);
  kernel.link.delete('host', makeBridge(direct));
  assert.is(steps.filter((step) => step.startsWith('link.delete ')).length, 2);
});

test.run();
