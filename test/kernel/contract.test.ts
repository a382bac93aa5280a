// The contract, held by the real kernel: the same cases as the fake's, each in two namespaces of its own.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync } from 'node:fs';
import { test } from 'uvu';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { CONTRACT } from '../contract/all-cases.ts';
import type { Case } from '../contract/case.ts';
import { addNetns, deleteNetns } from '../support/node.ts';

const libc = openLibc();

/** This thread is the host's, in the namespace where it stands when the kernel is opened. */
function onFreshNamespaces(holds: Case): void {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const host = openSync(addNetns('host'), 'r');
  const container = addNetns('container');
  libc.setns(host, 'enter the host namespace of a case');
  const kernel = liveKernel(libc, container);
  try {
    holds(kernel);
  } finally {
    kernel.close();
    libc.setns(home, 'leave the host namespace of a case');
    for (const fd of [home, host]) closeSync(fd);
    for (const name of ['host', 'container']) deleteNetns(name);
  }
}

for (const [domain, cases] of Object.entries(CONTRACT)) {
  for (const [name, holds] of Object.entries(cases)) test(`${domain}: ${name}`, () => onFreshNamespaces(holds));
}

test.run();
