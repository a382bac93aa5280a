// Routes of the fake kernel: a gateway must be reachable and a link up, as fib_create_info() and ip6_route_info_create() ask.
// SPDX-License-Identifier: Apache-2.0

import { KernelError, WrongValue } from '../kernel-error.ts';
import type { NewRoute, Route, RouteKernel } from '../kernel.ts';
import { familyOf, networkOf, readPrefix, writeIp, writePrefix, type Prefix } from './prefix.ts';
import { isLoopback } from './link-state.ts';
import { coveringRoutes, insertRoute, isLocal, localIndex } from './route-table.ts';
import { linkOf, namespaceOf, type FakeNamespace, type FakeState } from './state.ts';
import { hasIpv6 } from './sysctl-values.ts';

const MAIN = 254;
const BOOT = 3;
const SCOPE_LINK = 253;
const SCOPE_HOST = 254;
/** ip_metrics_convert() cuts what is more. */
const MAX_MTU = 65535 - 15;
const MAX_ADVMSS = 65535 - 40;

export const fakeRoutes = (state: FakeState): RouteKernel => ({
  list: (ns) => structuredClone(namespaceOf(state, ns, 'list routes').routes),

  to(nsName, address) {
    const action = `find the route to ${address}`;
    const ns = namespaceOf(state, nsName, action);
    const ip = readPrefix(address, action);
    return isLocal(ns, ip) ? undefined : structuredClone(coveringRoutes(ns, ip, MAIN)[0]);
  },

  add(nsName, wanted) {
    const action = `add route ${describe(wanted)}`;
    const ns = namespaceOf(state, nsName, action);
    const route = complete(ns, wanted, action);
    if (ns.routes.some((other) => sameRoute(other, route))) throw new KernelError('EEXIST', action);
    insertRoute(ns, route, 'before its equals');
  },

  delete(nsName, wanted) {
    const action = `delete route ${describe(wanted)}`;
    const ns = namespaceOf(state, nsName, action);
    const asked: Partial<Route> = { ...wanted, table: wanted.table ?? MAIN, dst: writePrefix(readPrefix(wanted.dst, action)) };
    if (wanted.gw !== undefined && familyOf(wanted.gw) !== familyOf(wanted.dst)) throw oneFamily(action);
    const at = ns.routes.findIndex((route) => KEYS.every((key) => asked[key] === undefined || asked[key] === route[key]));
    // The root of the IPv6 tree is there without a route too, and cannot be deleted.
    const root = asked.dst === '::/0' && asked.table === MAIN && [asked.gw, asked.index, asked.metric, asked.protocol].every((said) => said === undefined);
    if (at < 0) throw new KernelError(root ? 'ENOENT' : 'ESRCH', action);
    ns.routes.splice(at, 1);
  },
});

const KEYS = ['dst', 'table', 'gw', 'index', 'src', 'metric', 'protocol', 'scope'] as const;

const describe = ({ dst, gw, index }: NewRoute): string =>
  `${dst}${gw === undefined ? '' : ` via ${gw}`}${index === undefined ? '' : ` dev ${index}`}`;

/** IPv6 compares destination, metric and next hop only. */
function sameRoute(a: Route, b: Route): boolean {
  const keys = a.dst.includes(':') ? ['dst', 'table', 'metric', 'gw', 'index'] as const : [...KEYS, 'mtu', 'advmss'] as const;
  return keys.every((key) => a[key] === b[key]);
}

function complete(ns: FakeNamespace, wanted: NewRoute, action: string): Route {
  const given = readPrefix(wanted.dst, action);
  const v4 = given.family === 'ip';
  const dst = networkOf(given);
  if (v4 && dst.ip !== given.ip) throw new KernelError('EINVAL', action, 'Invalid prefix for given prefix length');
  const table = wanted.table ?? MAIN;
  const scope = v4 ? wanted.scope ?? 0 : 0;
  const gw = wanted.gw === undefined ? undefined : readPrefix(wanted.gw, action);
  if (gw && gw.family !== dst.family) throw oneFamily(action);
  const index = gw ? throughGateway(ns, gw, { table, scope, index: wanted.index }, action) : wanted.index;
  if (index === undefined) throw new KernelError('ENODEV', action, 'neither gateway nor interface');
  const link = linkOf(ns, index, action);
  if (!v4 && !hasIpv6(ns, link.name)) throw new KernelError('EACCES', action, 'IPv6 is disabled on nexthop device');
  if (!link.up) throw new KernelError('ENETDOWN', action, 'Device for nexthop is not up');
  const src = wanted.src === undefined ? undefined : readPrefix(wanted.src, action);
  if (src && !isLocal(ns, src)) throw new KernelError('EINVAL', action, 'Invalid prefsrc address');
  return {
    dst: writePrefix(dst), index, table, scope, metric: wanted.metric ?? (v4 ? 0 : 1024), protocol: wanted.protocol ?? BOOT,
    ...(gw ? { gw: writeIp(gw) } : {}), ...(src ? { src: writeIp(src) } : {}),
    ...(wanted.mtu ? { mtu: Math.min(wanted.mtu, MAX_MTU) } : {}), ...(wanted.advmss ? { advmss: Math.min(wanted.advmss, MAX_ADVMSS) } : {}),
  };
}

const oneFamily = (action: string): WrongValue => new WrongValue(action, 'gateway, source, and destination ip are not the same IP family');

type Hop = { table: number; scope: number; index: number | undefined };

function throughGateway(ns: FakeNamespace, gw: Prefix, hop: Hop, action: string): number {
  if (gw.family === 'ip') return throughV4(ns, gw, hop, action);
  const found = throughV6(ns, gw, hop, action);
  if (isLoopback(linkOf(ns, found, action))) throw new KernelError('EINVAL', action, 'Egress device can not be loopback device for this route');
  return found;
}

function throughV4(ns: FakeNamespace, gw: Prefix, { table, scope, index }: Hop, action: string): number {
  // Only a route of narrower scope counts, and at least of a link's: a gateway is never behind another gateway.
  const narrower = Math.max(scope + 1, SCOPE_LINK);
  const direct = coveringRoutes(ns, gw, table).filter((route) => route.scope >= narrower);
  const own = narrower <= SCOPE_HOST ? localIndex(ns, gw) : undefined;
  const found = [own, ...direct.map((route) => route.index)].find((at) => at !== undefined && (index === undefined || at === index));
  if (found === undefined) throw new KernelError('ENETUNREACH', action, 'Nexthop has invalid gateway');
  return found;
}

function throughV6(ns: FakeNamespace, gw: Prefix, { table, index }: Hop, action: string): number {
  if (index !== undefined) linkOf(ns, index, action);
  if (isLocal(ns, gw)) throw new KernelError('EINVAL', action, 'Gateway can not be a local address');
  const linkLocal = gw.ip >> 118n === 0xfe80n >> 6n;
  if (linkLocal && index === undefined) throw new KernelError('EINVAL', action, 'a link-local gateway needs an interface');
  if (linkLocal && index !== undefined) return index;
  const [best] = coveringRoutes(ns, gw, table).filter((route) => index === undefined || route.index === index);
  if (best?.index === undefined || best.gw !== undefined) throw new KernelError('EHOSTUNREACH', action);
  return best.index;
}
