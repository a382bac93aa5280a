// The order in which the fake kernel keeps and lists routes, and the lookup of a gateway.
// SPDX-License-Identifier: Apache-2.0

import type { Route } from '../kernel.ts';
import { comparePrefixes, covers, readPrefix, type Prefix } from './prefix.ts';
import type { FakeNamespace } from './state.ts';

/** IPv4 first, then by table, destination and metric; of equal ones the newest first, as NLM_F_CREATE alone puts it. */
export function insertRoute(ns: FakeNamespace, route: Route, place: 'before its equals' | 'after its equals'): void {
  const before = ns.routes.findIndex((other) => {
    const order = compareRoutes(route, other);
    return place === 'before its equals' ? order <= 0 : order < 0;
  });
  ns.routes.splice(before < 0 ? ns.routes.length : before, 0, route);
}

function compareRoutes(a: Route, b: Route): number {
  const [first, second] = [readPrefix(a.dst, 'read route'), readPrefix(b.dst, 'read route')];
  if (first.family !== second.family) return comparePrefixes(first, second);
  return a.table - b.table || comparePrefixes(first, second) || a.metric - b.metric;
}

/** Routes that cover an address, the longest prefix first: in its own table, then in main. */
export function coveringRoutes(ns: FakeNamespace, ip: Prefix, table: number): Route[] {
  const lengthOf = (route: Route): number => readPrefix(route.dst, 'read route').length;
  const inTable = (id: number): Route[] => ns.routes
    .filter((route) => route.table === id && covers(readPrefix(route.dst, 'read route'), ip))
    .sort((a, b) => lengthOf(b) - lengthOf(a) || a.metric - b.metric);
  return table === 254 ? inTable(254) : [...inTable(table), ...inTable(254)];
}

export const isLocal = (ns: FakeNamespace, ip: Prefix): boolean => localIndex(ns, ip) !== undefined;
/** The interface that has this address. */
export const localIndex = (ns: FakeNamespace, ip: Prefix): number | undefined =>
  ns.addrs.find((addr) => {
    const own = readPrefix(addr.address, 'read address');
    return own.family === ip.family && own.ip === ip.ip;
  })?.index;
