// Permanent neighbours of the fake kernel.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { NeighKernel } from '../kernel.ts';
import { familyOf, readPrefix, writeIp } from './prefix.ts';
import { linkOf, namespaceOf, type FakeState } from './state.ts';
import { hasIpv6 } from './sysctl-values.ts';

const NUD_PERMANENT = 0x80;

export const fakeNeighs = (state: FakeState): NeighKernel => ({
  list(nsName, index) {
    const mine = namespaceOf(state, nsName, 'list neighbours').neighs.filter((neigh) => neigh.index === index);
    const v4 = (ip: string): boolean => familyOf(ip) === 'ip';
    return structuredClone([...mine.filter(({ ip }) => v4(ip)), ...mine.filter(({ ip }) => !v4(ip))]);
  },

  add(nsName, index, ip, mac) {
    const action = `add neighbour ${ip} to interface ${index}`;
    const ns = namespaceOf(state, nsName, action);
    const { name } = linkOf(ns, index, action);
    const address = writeIp(readPrefix(ip, action));
    if (familyOf(ip) === 'ip6' && !hasIpv6(ns, name)) throw new KernelError('EINVAL', action, 'IPv6 is disabled on this device');
    if (ns.neighs.some((neigh) => neigh.index === index && neigh.ip === address)) throw new KernelError('EEXIST', action);
    ns.neighs.push({ index, ip: address, mac, state: NUD_PERMANENT });
  },

  delete(nsName, index, ip) {
    const action = `delete neighbour ${ip} of interface ${index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, index, action);
    const address = writeIp(readPrefix(ip, action));
    const at = ns.neighs.findIndex((neigh) => neigh.index === index && neigh.ip === address);
    if (at < 0) throw new KernelError('ENOENT', action);
    ns.neighs.splice(at, 1);
  },
});
