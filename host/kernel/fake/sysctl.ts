// Sysctls of the fake kernel, with what a write sets off: forwarding and disable_ipv6 reach every link.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { SysctlKernel } from '../kernel.ts';
import { disableIp, flushAddrs } from './addrs.ts';
import { addLoopbackAddrs } from './link-events.ts';
import { isLoopback } from './link-state.ts';
import { namespaceOf, type FakeNamespace, type FakeState } from './state.ts';
import { confKey, hasIpv6, readSysctl, writeSysctl, type ConfKey } from './sysctl-values.ts';

/** What they set off, the fake has nothing of. */
const WRITE_ONLY = new Set(['net/ipv4/route/flush', 'net/ipv6/route/flush']);
const INT_MAX = 0x7fffffff;

export const fakeSysctl = (state: FakeState): SysctlKernel => ({
  get(ns, key) {
    if (WRITE_ONLY.has(key)) throw new KernelError('EACCES', `read ${key}`);
    return readSysctl(namespaceOf(state, ns, `read ${key}`), key);
  },

  set(nsName, key, value) {
    const action = `write ${JSON.stringify(value)} to ${key}`;
    const ns = namespaceOf(state, nsName, action);
    if (WRITE_ONLY.has(key)) return;
    if (readSysctl(ns, key) === undefined) throw new KernelError('ENOENT', action);
    const number = readNumber(value, action);
    const conf = confKey(key);
    for (const target of conf ? reached(ns, conf) : [key]) writeSysctl(ns, target, number);
    if (conf?.family === 'ipv6' && conf.name === 'disable_ipv6') followDisableIpv6(ns);
  },

  unwritable: () => undefined,
});

/** proc_dointvec(): the first number counts, what follows white space is ignored. */
function readNumber(value: string, action: string): string {
  const [, sign, digits] = /^\s*(-?)(0x[0-9a-f]+|\d+)(?:\s|$)/i.exec(value) ?? [];
  const number = Number(digits) * (sign === '-' ? -1 : 1);
  if (digits === undefined || Math.abs(number) > INT_MAX) throw new KernelError('EINVAL', action);
  return String(number);
}

function reached(ns: FakeNamespace, { family, link, name }: ConfKey): string[] {
  const spreads = link === 'all' && (name === 'forwarding' || (name === 'disable_ipv6' && family === 'ipv6'));
  const links = spreads ? ['all', 'default', ...ns.links.map((each) => each.name)] : [link];
  return links.map((each) => `net/${family}/conf/${each}/${name}`);
}

function followDisableIpv6(ns: FakeNamespace): void {
  for (const link of ns.links) {
    if (!hasIpv6(ns, link.name)) {
      flushAddrs(ns, link.index, 'ip6');
      disableIp(ns, link.index, 'ip6');
    } else if (isLoopback(link) && link.up) addLoopbackAddrs(ns, link);
  }
}
