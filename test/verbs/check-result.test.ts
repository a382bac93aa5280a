// What a module may say are its container's addresses: a main and an IPAM plugin any, a chained one those it was told of and those it was given.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Call } from '../../host/ops/call.ts';
import type { Result } from '../../host/protocol/result.ts';
import { checkResult } from '../../host/verbs/check-result.ts';

const BEFORE = ['192.0.2.5/24', '2001:db8::5/64'];

/** `given`: leased in this call, or by the IPAM plugin that it called. */
function say(addresses: readonly string[], { before, given = [], isDelegate = false, more = {} }: { before?: readonly string[]; given?: string[]; isDelegate?: boolean; more?: Result }): void {
  const prevResult = before && { ips: before.map((address) => ({ address })) };
  const call = {
    kernel: fakeKernel(), module: 'acme', hostHas: new Map(), leases: new Set(), request: { netns: '/run/netns/c1', netconf: { ...(prevResult ? { prevResult } : {}) } }, ips: [...before ?? [], ...given].map((address) => ({ address })),
  } as unknown as Call;
  checkResult(call, { ips: addresses.map((address) => ({ address })), ...more }, isDelegate, () => undefined);
}

const refuses = (act: () => void, address: string): void =>
  assert.throws(act, (error: unknown) => error instanceof CniError && error.code === CODE.plugin && error.facts.at === address && error.message.includes(`the address ${address}, which neither prevResult has`));

test('a main plugin and a delegate say any', () => {
  say(['10.96.0.1/24'], {});
  say(['10.96.0.1/24'], { before: BEFORE, isDelegate: true });
});

test('a chained plugin repeats what was said, all of it or a part, in its own spelling', () => {
  for (const some of [BEFORE, BEFORE.slice(1), [], ['2001:DB8:0::5/64']]) say(some, { before: BEFORE });
});

test('it adds what it leased and what its IPAM plugin gave, with any prefix', () => {
  say([...BEFORE, '198.51.100.7/25', '2001:db8:1::7/96'], { before: BEFORE, given: ['198.51.100.7', '2001:db8:1:0::7'] });
});

test('it adds nothing else', () => {
  refuses(() => say([...BEFORE, '10.96.0.1/24'], { before: BEFORE }), '10.96.0.1/24');
  refuses(() => say(['192.0.2.6/24'], { before: BEFORE, given: ['198.51.100.7'] }), '192.0.2.6/24');
  refuses(() => say(['192.0.2.5/24'], { before: [] }), '192.0.2.5/24');
});

test('an address that was said keeps its prefix: masquerading goes by its network', () => {
  refuses(() => say(['192.0.2.5/0'], { before: BEFORE }), '192.0.2.5/0');
  refuses(() => say(['2001:db8::5/0'], { before: BEFORE }), '2001:db8::5/0');
});

test('gateways, routes and interfaces are its own to change', () => {
  say(BEFORE, { before: BEFORE, more: {
    ips: BEFORE.map((address) => ({ address, gateway: address.includes(':') ? '2001:db8::fe' : '192.0.2.254' })), routes: [{ dst: '0.0.0.0/0', gw: '192.0.2.254' }],
    interfaces: [{ name: 'vrf0', sandbox: 'container' }],
  } });
});

test.run();
