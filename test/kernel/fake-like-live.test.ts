// The fake is the real kernel's equal: the same random changes, step by step the same errno, and in the end the same picture.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Kernel, Ns } from '../../host/kernel/kernel.ts';
import { ruleKey } from '../../host/kernel/normal-rule.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { addressesOf, routesOf } from '../contract/case.ts';
import { anySteps, furnish, take, type Step } from '../kernel-fake/steps.ts';
import { addNetns, deleteNetns } from '../support/node.ts';

const libc = openLibc();
const RUNS = Number(process.env['RUNS'] ?? 100);

test('random changes', () => {
  fc.assert(fc.property(anySteps, (steps) => onFreshNamespaces((live) => {
    const found = difference(live, steps);
    if (found !== '') assert.unreachable(found);
  })), { numRuns: RUNS, includeErrorInReport: true });
});

/** '' when there is none. */
function difference(live: Kernel, steps: readonly Step[]): string {
  const fake = fakeKernel();
  for (const kernel of [live, fake]) furnish(kernel);
  for (const step of steps) {
    const [fakes, lives] = [fake, live].map((kernel) => same(take(step, kernel)));
    if (fakes !== lives) return `${step.words}: fake ${fakes}, live ${lives}`;
  }
  for (const ns of ['host', 'container'] as const) {
    const [fakes, lives] = [pictureOf(fake, ns), pictureOf(live, ns)];
    for (const key of Object.keys(lives)) {
      const [ours, theirs] = [JSON.stringify(fakes[key]), JSON.stringify(lives[key])];
      if (ours !== theirs) return `${key} of ${ns}: fake ${ours}, live ${theirs}`;
    }
  }
  return '';
}

/** An ingress qdisc that is not there is EINVAL on a link that once had one, else ENOENT. */
const same = (answer: string): string => (answer === 'EINVAL' ? 'ENOENT' : answer);

function pictureOf(kernel: Kernel, ns: Ns): Record<string, unknown> {
  const links = kernel.link.list(ns);
  const each = <T>(list: (index: number) => T[]): T[] => links.flatMap(({ index }) => list(index));
  return {
    links: links.map(({ mac: _mac, state: _state, ...link }) => inOrder(link)),
    addrs: addressesOf(kernel, ns).map(({ index, address, scope }) => `${index} ${address} ${scope}`).sort(),
    routes: routesOf(kernel, ns).map(inOrder),
    rules: kernel.policyRule.list(ns, 'ip').map(inOrder),
    neighbours: each((index) => kernel.neigh.list(ns, index)).filter(({ state }) => state === 0x80).map(({ index, ip, mac }) => `${index} ${ip} ${mac}`).sort(),
    qdiscs: each((index) => kernel.tc.qdiscs(ns, index)).map((qdisc) => JSON.stringify(inOrder(qdisc))).sort(),
    classes: each((index) => kernel.tc.classes(ns, index)).map(({ index, classid }) => `${index} ${classid}`),
    filters: each((index) => [0xffff0000, 0x10000].flatMap((parent) => kernel.tc.filters(ns, index, parent))).map(inOrder),
    nft: kernel.nft.read(ns, 'inet', 'blue')?.chains.map(({ name, hook, rules }) => ({ name, hook: hook && inOrder(hook), rules: rules.map(({ rule, comment }) => [rule && ruleKey('inet', rule), comment]) })),
    iptables: kernel.iptables.read(ns, 'ip', 'nat'),
  };
}

const inOrder = <T extends object>(of: T): object => Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));

function onFreshNamespaces(act: (kernel: Kernel) => void): void {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const host = openSync(addNetns('host'), 'r');
  const container = addNetns('container');
  libc.setns(host, 'enter the host namespace of a case');
  const kernel = liveKernel(libc, container);
  try {
    act(kernel);
  } finally {
    kernel.close();
    libc.setns(home, 'leave the host namespace of a case');
    for (const fd of [home, host]) closeSync(fd);
    for (const name of ['host', 'container']) deleteNetns(name);
  }
}

test.run();
