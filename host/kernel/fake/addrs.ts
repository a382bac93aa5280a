// Addresses of the fake kernel, and the routes and secondaries that come and go with them.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { Addr, AddrKernel } from '../kernel.ts';
import type { Family } from '../rule.ts';
import { endDad, isLoopback } from './link-state.ts';
import { covers, familyOf, isHost, networkOf, readPrefix, writeIp, writePrefix, type Prefix } from './prefix.ts';
import { insertRoute } from './route-table.ts';
import { linkOf, namespaceOf, type FakeNamespace, type FakeState } from './state.ts';
import { hasIpv6, readSysctl } from './sysctl-values.ts';

const MAIN = 254;
const PROTO_KERNEL = 2;

export const fakeAddrs = (state: FakeState): AddrKernel => ({
  list(nsName, index) {
    const ns = namespaceOf(state, nsName, 'list addresses');
    const mine = ns.addrs.filter((addr) => index === undefined || addr.index === index);
    return structuredClone([...mine.filter(isV4), ...mine.filter((addr) => !isV4(addr))]);
  },

  add(nsName, index, address) {
    const action = `add address ${address} to interface ${index}`;
    const ns = namespaceOf(state, nsName, action);
    addAddr(ns, index, readPrefix(address, action), action);
    endDad(state);
  },

  delete(nsName, index, address) {
    const action = `delete address ${address} of interface ${index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, index, action);
    const text = writePrefix(readPrefix(address, action));
    const found = ns.addrs.find((addr) => addr.index === index && addr.address === text);
    if (!found) throw new KernelError('EADDRNOTAVAIL', action, 'address not found');
    deleteAddr(ns, found);
  },
});

const isV4 = (addr: Addr): boolean => familyOf(addr.address) === 'ip';
const prefixOf = (addr: Addr): Prefix => readPrefix(addr.address, 'read address');

function addAddr(ns: FakeNamespace, index: number, prefix: Prefix, action: string): void {
  const link = linkOf(ns, index, action);
  const v4 = prefix.family === 'ip';
  const same = ns.addrs.some((addr) => addr.index === index && (v4 ? addr.address === writePrefix(prefix) : writeIp(prefixOf(addr)) === writeIp(prefix)));
  if (!v4 && !hasIpv6(ns, link.name)) throw new KernelError('EACCES', action, 'IPv6 is disabled on this device');
  if (same) throw new KernelError('EEXIST', action, 'address already assigned');
  const dad = !v4 && link.kind !== 'ifb' && !isLoopback(link) && readSysctl(ns, `net/ipv6/conf/${link.name}/accept_dad`) !== '0';
  const addr = { index, address: writePrefix(prefix), scope: v4 ? 0 : scopeOfV6(prefix), tentative: dad, dadFailed: false };
  // The kernel keeps the newest IPv6 address first.
  if (v4) ns.addrs.push(addr);
  else ns.addrs.unshift(addr);
  if (link.up) connect(ns, addr);
}

function scopeOfV6({ ip }: Prefix): number {
  if (ip === 1n) return 254;
  return ip >> 118n === 0xfe80n >> 6n ? 253 : 0;
}

/** The route to the neighbours, made when an address meets a link that is up. */
export function connect(ns: FakeNamespace, addr: Addr): void {
  const prefix = prefixOf(addr);
  const v4 = prefix.family === 'ip';
  // On lo an IPv4 address makes a local route instead, and so does ::1.
  if (v4 ? isHost(prefix) || !isPrimary(ns, addr) || isLoopback(linkOf(ns, addr.index, 'connect')) : addr.scope === 254) return;
  const dst = writePrefix(networkOf(prefix));
  if (!v4 && ns.routes.some((route) => route.dst === dst && route.index === addr.index && route.protocol === PROTO_KERNEL)) return;
  insertRoute(ns, {
    dst, index: addr.index, table: MAIN, protocol: PROTO_KERNEL,
    ...(v4 ? { src: writeIp(prefix), metric: 0, scope: 253 } : { metric: 256, scope: 0 }),
  }, 'after its equals');
}

const inSameNetwork = (a: Prefix, b: Prefix): boolean => a.length === b.length && covers(a, b);
const isPrimary = (ns: FakeNamespace, addr: Addr): boolean => neighbours(ns, addr)[0] === addr;
const neighbours = (ns: FakeNamespace, addr: Addr): Addr[] =>
  ns.addrs.filter((other) => other.index === addr.index && inSameNetwork(prefixOf(other), prefixOf(addr)));

function deleteAddr(ns: FakeNamespace, addr: Addr): void {
  const [primary, ...secondaries] = neighbours(ns, addr);
  const v4 = isV4(addr);
  drop(ns, addr);
  if (v4 && primary === addr) {
    const name = ns.links.find((link) => link.index === addr.index)!.name;
    const promote = [name, 'all'].some((key) => readSysctl(ns, `net/ipv4/conf/${key}/promote_secondaries`) === '1');
    if (promote && secondaries[0]) connect(ns, secondaries[0]);
    else for (const secondary of secondaries) drop(ns, secondary);
  }
  const left = ns.addrs.some((other) => other.index === addr.index && isV4(other));
  if (v4 && !left) disableIp(ns, addr.index, 'ip');
}

/** fib_disable_ip(), addrconf_ifdown(): without an address a link has no routes and neighbours of that family. */
export function disableIp(ns: FakeNamespace, index: number, family: Family): void {
  ns.routes = ns.routes.filter((route) => route.index !== index || familyOf(route.dst) !== family);
  ns.neighs = ns.neighs.filter((neigh) => neigh.index !== index || familyOf(neigh.ip) !== family);
}

/** With the route to its network when it was the last there, and the routes that used it as their source. */
function drop(ns: FakeNamespace, addr: Addr): void {
  ns.addrs = ns.addrs.filter((other) => other !== addr);
  const prefix = prefixOf(addr);
  const net = writePrefix(networkOf(prefix));
  const last = prefix.family === 'ip' || neighbours(ns, addr).length === 0;
  const stillLocal = ns.addrs.some((other) => writeIp(prefixOf(other)) === writeIp(prefix));
  ns.routes = ns.routes.filter((route) =>
    !(last && route.index === addr.index && route.protocol === PROTO_KERNEL && route.dst === net && (route.src ?? writeIp(prefix)) === writeIp(prefix)) &&
    !(!stillLocal && route.src === writeIp(prefix)));
}

/** All addresses of one family, without looking at secondaries one by one. */
export function flushAddrs(ns: FakeNamespace, index: number, family: Family): void {
  for (const addr of ns.addrs.filter((other) => other.index === index && familyOf(other.address) === family)) drop(ns, addr);
}
