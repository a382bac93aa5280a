// What the kernel refuses, in words that an operator knows: a link by its name, not by its number alone.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS } from '../../abi/ops.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { perform } from '../../host/ops/perform.ts';

const kernel = fakeKernel();
const index = kernel.link.create('host', { kind: 'bridge', name: "cni$'0" });
const handles = newHandles();
const link = handles.mint({ ns: 'host', index, name: "cni$'0", kind: 'bridge', right: 'own' });
const call = {
  kernel, handles, verb: 'ADD', grants: { ...NO_GRANTS, addr: ['host'], tc: ['host'] }, journal: { intend: () => 0, refused() {} },
} as unknown as Call;

const named = `interface "cni$'0" (${index})`;
const REFUSED: Record<string, object> = { 'link.set': { hairpin: true }, 'addr.delete': { address: '192.0.2.1/24' }, 'tc.class': { minor: 1, rate: 1000 } };

for (const [op, request] of Object.entries(REFUSED)) {
  test(op, () => {
    const known = OPS.find(({ domain, name }) => `${domain}.${name}` === op)!;
    assert.throws(() => perform(call, known, { link, ...request }), (error: Error) => error.message.includes(named));
  });
}

test.run();
