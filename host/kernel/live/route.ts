// Routes over rtnetlink (linux/rtnetlink.h, struct rtmsg).
// SPDX-License-Identifier: Apache-2.0

import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '../address.ts';
import type { NewRoute, Route, RouteKernel } from '../kernel.ts';
import { attributesOf, Body, u32Of } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE } from './netlink.ts';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, TABLE: 15 } as const;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;
const RTN_UNICAST = 1;
const RTPROT_BOOT = 3;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RTM_F_CLONED = 0x200;

export function routeKernel(context: LiveContext): RouteKernel {
  return {
    list: (ns) => ([2, 10] as const).flatMap((family) =>
      context.route(ns).dump(RTM_GETROUTE, header({ family }), 'list routes').flatMap(({ body }) => parseRoute(body) ?? [])),
    add: (ns, route) => void context.route(ns).request(RTM_NEWROUTE, NLM_F_CREATE, wire(route, route.protocol ?? RTPROT_BOOT), `add route ${words(route)}`),
    delete: (ns, route) => void context.route(ns).request(RTM_DELROUTE, 0, wire(route, route.protocol ?? 0), `delete route ${words(route)}`),
  };
}

const words = ({ dst, gw, index, metric }: NewRoute): string =>
  [dst, ...(gw ? [`via ${gw}`] : []), ...(index === undefined ? [] : [`on interface ${index}`]), ...(metric ? [`metric ${metric}`] : [])].join(' ');

function header({ family, length = 0, table = 0, protocol = 0, scope = 0, type = 0 }: { family: number; length?: number; table?: number; protocol?: number; scope?: number; type?: number }): Buffer {
  return Buffer.from([family, length, 0, 0, table, protocol, scope, type, 0, 0, 0, 0]);
}

function wire(route: NewRoute, protocol: number): Buffer {
  const { family, bytes, length } = parsePrefix(route.dst);
  const table = route.table ?? RT_TABLE_MAIN;
  const body = new Body(header({ family, length, table: table < 256 ? table : 0, protocol, scope: route.scope ?? 0, type: RTN_UNICAST }));
  if (length > 0) body.attribute(RTA.DST, bytes);
  if (route.gw) body.attribute(RTA.GATEWAY, parseAddress(route.gw).bytes);
  if (route.src) body.attribute(RTA.PREFSRC, parseAddress(route.src).bytes);
  if (route.index !== undefined) body.u32(RTA.OIF, route.index);
  if (route.metric) body.u32(RTA.PRIORITY, route.metric);
  if (table >= 256) body.u32(RTA.TABLE, table);
  if (route.mtu || route.advmss) {
    body.nest(RTA.METRICS, (metrics) => {
      if (route.mtu) metrics.u32(RTAX_MTU, route.mtu);
      if (route.advmss) metrics.u32(RTAX_ADVMSS, route.advmss);
    }, 0);
  }
  return body.done();
}

function parseRoute(body: Buffer): Route | undefined {
  const [family, length, , , shortTable, protocol, scope, type] = body;
  const attributes = attributesOf(body.subarray(12));
  const table = attributes.has(RTA.TABLE) ? u32Of(attributes.get(RTA.TABLE)) : shortTable!;
  if (type !== RTN_UNICAST || table === RT_TABLE_LOCAL || (body.readUInt32LE(8) & RTM_F_CLONED) !== 0) return undefined;
  const gw = attributes.get(RTA.GATEWAY);
  const src = attributes.get(RTA.PREFSRC);
  const index = attributes.get(RTA.OIF);
  const metrics = attributesOf(attributes.get(RTA.METRICS));
  const [mtu, advmss] = [u32Of(metrics.get(RTAX_MTU)), u32Of(metrics.get(RTAX_ADVMSS))];
  return {
    dst: formatPrefix(attributes.get(RTA.DST) ?? Buffer.alloc(family === 2 ? 4 : 16), length!),
    table,
    metric: u32Of(attributes.get(RTA.PRIORITY)),
    scope: scope!,
    protocol: protocol!,
    ...(gw ? { gw: formatAddress(gw) } : {}),
    ...(src ? { src: formatAddress(src) } : {}),
    ...(index ? { index: u32Of(index) } : {}),
    ...(mtu ? { mtu } : {}),
    ...(advmss ? { advmss } : {}),
  };
}
