// The contract, held by the kernel in memory.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { CONTRACT } from './all-cases.ts';

for (const [domain, cases] of Object.entries(CONTRACT)) {
  for (const [name, holds] of Object.entries(cases)) test(`${domain}: ${name}`, () => holds(fakeKernel()));
}

test.run();
