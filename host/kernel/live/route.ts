// Routes over rtnetlink (linux/rtnetlink.h, struct rtmsg).
// SPDX-License-Identifier: Apache-2.0

import { AF, formatAddress, formatPrefix, parseAddress, parsePrefix } from '../address.ts';
import { KernelError, WrongValue } from '../kernel-error.ts';
import type { NewRoute, Route, RouteKernel } from '../kernel.ts';
import { attributesAfter, attributesOf, Body, u32Of, type Attributes } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE } from './netlink.ts';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, MULTIPATH: 9, TABLE: 15, VIA: 18 } as const;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;
const RTN_UNICAST = 1;
const RTPROT_BOOT = 3;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RT_SCOPE_UNIVERSE = 0;
/** In a deletion: any. */
const RT_SCOPE_NOWHERE = 255;
const RTM_F_CLONED = 0x200;
/** Answer the route itself, not what was made of it for this address. */
const RTM_F_FIB_MATCH = 0x2000;
/** No route, or one of type unreachable, prohibit or blackhole; and a kernel whose IPv6 is off. */
const NO_WAY = ['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'EOPNOTSUPP'];
const HOP = 8;

export function routeKernel(context: LiveContext): RouteKernel {
  return {
    list: (ns) => Object.values(AF).flatMap((family) =>
      context.route(ns).dumpFamily(family, RTM_GETROUTE, header({ family }), 'list routes').flatMap(({ body }) => parseRoute(body))),
    to(ns, address) {
      const { family, bytes } = parseAddress(address);
      const question = new Body(header({ family, length: bytes.length * 8, flags: RTM_F_FIB_MATCH })).attribute(RTA.DST, bytes).done();
      try {
        const answer = context.route(ns).ask(RTM_GETROUTE, question, `find the route to ${address}`);
        return answer && parseRoute(answer.body)[0];
      } catch (error) {
        if (error instanceof KernelError && NO_WAY.includes(error.errno)) return undefined;
        throw error;
      }
    },
    add: (ns, route) => void context.route(ns).request(
      RTM_NEWROUTE, NLM_F_CREATE, wire({ protocol: RTPROT_BOOT, scope: RT_SCOPE_UNIVERSE, ...route }), `add route ${words(route)}`),
    delete: (ns, route) => void context.route(ns).request(
      RTM_DELROUTE, 0, wire({ protocol: 0, scope: RT_SCOPE_NOWHERE, ...route }), `delete route ${words(route)}`),
  };
}

const words = ({ dst, gw, index, metric }: NewRoute): string =>
  [dst, ...(gw ? [`via ${gw}`] : []), ...(index === undefined ? [] : [`on interface ${index}`]), ...(metric ? [`metric ${metric}`] : [])].join(' ');

interface Header { family: number; length?: number; table?: number; protocol?: number; scope?: number; type?: number; flags?: number }

function header({ family, length = 0, table = 0, protocol = 0, scope = 0, type = 0, flags = 0 }: Header): Buffer {
  return Buffer.from([family, length, 0, 0, table, protocol, scope, type, flags & 0xff, flags >> 8, 0, 0]);
}

function wire(route: NewRoute & Pick<Route, 'protocol' | 'scope'>): Buffer {
  const { family, bytes, length } = parsePrefix(route.dst);
  const hop = (text: string): Buffer => {
    const address = parseAddress(text);
    // The kernel would take the first four bytes of sixteen.
    if (address.family !== family) throw new WrongValue(`use ${text} in the route ${words(route)}`, 'gateway, source, and destination ip are not the same IP family');
    return address.bytes;
  };
  const table = route.table ?? RT_TABLE_MAIN;
  const body = new Body(header({ family, length, table: table < 256 ? table : 0, protocol: route.protocol, scope: route.scope, type: RTN_UNICAST }));
  // With a length of 0, too: an address that is no network is refused.
  body.attribute(RTA.DST, bytes);
  if (route.gw) body.attribute(RTA.GATEWAY, hop(route.gw));
  if (route.src) body.attribute(RTA.PREFSRC, hop(route.src));
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

/** A route of several next hops is as many routes, as it was made. */
function parseRoute(body: Buffer): Route[] {
  const attributes = attributesAfter(body, 12);
  const [family, length, , , shortTable, protocol, scope, type] = body;
  const table = attributes.has(RTA.TABLE) ? u32Of(attributes.get(RTA.TABLE)) : shortTable!;
  if (type !== RTN_UNICAST || table === RT_TABLE_LOCAL || (body.readUInt32LE(8) & RTM_F_CLONED) !== 0) return [];
  const src = attributes.get(RTA.PREFSRC);
  const metrics = attributesOf(attributes.get(RTA.METRICS));
  const [mtu, advmss] = [u32Of(metrics.get(RTAX_MTU)), u32Of(metrics.get(RTAX_ADVMSS))];
  const hops = attributes.get(RTA.MULTIPATH);
  const oif = attributes.get(RTA.OIF);
  return (hops ? nextHops(hops) : [{ attributes, ...(oif ? { index: u32Of(oif) } : {}) }]).map((hop) => ({
    dst: formatPrefix(attributes.get(RTA.DST) ?? Buffer.alloc(family === AF.ip ? 4 : 16), length!),
    table,
    metric: u32Of(attributes.get(RTA.PRIORITY)),
    scope: scope!,
    protocol: protocol!,
    ...gatewayOf(hop.attributes),
    ...(src ? { src: formatAddress(src) } : {}),
    ...(hop.index === undefined ? {} : { index: hop.index }),
    ...(mtu ? { mtu } : {}),
    ...(advmss ? { advmss } : {}),
  }));
}

function gatewayOf(hop: Attributes): { gw?: string } {
  const gw = hop.get(RTA.GATEWAY);
  // struct rtvia: a family, then an address of it.
  const via = hop.get(RTA.VIA);
  return gw ? { gw: formatAddress(gw) } : via ? { gw: formatAddress(via.subarray(2)) } : {};
}

/** struct rtnexthop: length, flags, hops, index, then attributes. */
function nextHops(data: Buffer): { index?: number; attributes: Attributes }[] {
  const found = [];
  for (let at = 0; at + HOP <= data.length;) {
    const length = data.readUInt16LE(at);
    if (length < HOP || at + length > data.length) throw new KernelError('EBADMSG', `read a next hop of ${length} bytes in ${data.length - at}`);
    found.push({ index: data.readUInt32LE(at + 4), attributes: attributesAfter(data.subarray(at, at + length), HOP) });
    at += (length + 3) & ~3;
  }
  return found;
}
