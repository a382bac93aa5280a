// The words the contract's cases are written in. A case states what the host relies on, and holds on every kernel.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { Addr, Kernel, Link, Ns, Route } from '../../host/kernel/kernel.ts';

/** Gets a kernel of two fresh namespaces: only lo, and that is down. */
export type Case = (kernel: Kernel) => void;
export type Cases = Readonly<Record<string, Case>>;

export function refuses(act: () => unknown, ...errnos: string[]): void {
  try {
    act();
  } catch (error) {
    assert.instance(error, KernelError, String(error));
    assert.ok(errnos.includes((error as KernelError).errno), `expected ${errnos.join(' or ')}, got ${(error as Error).message}`);
    return;
  }
  assert.unreachable(`expected ${errnos.join(' or ')}, but it was done`);
}

const PATIENCE_MS = 10_000;

/** Carrier changes reach the operational state through a work queue. */
export function eventually(holds: () => boolean, what: string): void {
  const end = Date.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(Date.now() < end, what);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

export function linkNamed(kernel: Kernel, ns: Ns, name: string): Link {
  const found = kernel.link.get(ns, { name });
  assert.ok(found, `no link ${name}`);
  return found!;
}

/** eth0 in the container, veth1 on the host. */
export function makeVeth(kernel: Kernel): { eth0: number; veth1: number } {
  const eth0 = kernel.link.create('container', { kind: 'veth', name: 'eth0', peer: { ns: 'host', name: 'veth1' } });
  return { eth0, veth1: linkNamed(kernel, 'host', 'veth1').index };
}

/** The same with both ends up. */
export function upVeth(kernel: Kernel): { eth0: number; veth1: number } {
  const veth = makeVeth(kernel);
  kernel.link.set('host', veth.veth1, { up: true });
  kernel.link.set('container', veth.eth0, { up: true });
  eventually(() => linkNamed(kernel, 'container', 'eth0').state === 'up', 'eth0 is not up');
  return veth;
}

export const makeBridge = (kernel: Kernel, name = 'cni0'): number => kernel.link.create('host', { kind: 'bridge', name });

const isAutomatic = (prefix: string): boolean => /^(fe80|ff..?)/.test(prefix);
/** Without the link-local ones a real kernel adds by itself. */
export const addressesOf = (kernel: Kernel, ns: Ns, index?: number): Addr[] => kernel.addr.list(ns, index).filter(({ address }) => !isAutomatic(address));
export const routesOf = (kernel: Kernel, ns: Ns): Route[] => kernel.route.list(ns).filter(({ dst }) => !isAutomatic(dst));
export const texts = (addrs: readonly Addr[]): string[] => addrs.map(({ address }) => address);
