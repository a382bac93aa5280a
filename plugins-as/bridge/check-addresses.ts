// CHECK, second part: the container has the addresses and routes of the result.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, PLUGIN_ERROR } from '../sdk/fail';
import { addrList, routeList } from '../sdk/gen/ops';
import { Ip, Prefix } from '../sdk/ip';
import { Json, Obj } from '../sdk/json';
import { AssignedIp, Route } from '../sdk/result';
import { carries } from './check-links';

const MAIN_TABLE: i64 = 254;

export function checkIps(link: i64, ifname: string, ips: AssignedIp[]): i32 {
  if (ips.length == 0) return 0;
  const listed = addrList(new Obj().int('link', link));
  if (!listed.ok) return failWith(listed.error);
  const routes = routeList(new Obj().str('ns', 'container'));
  if (!routes.ok) return failWith(routes.error);
  for (let i = 0; i < ips.length; i++) {
    const address = Prefix.parse(ips[i].address);
    if (address === null || !carries(listed.json, address)) return fail('Failed to match addr ' + ips[i].address + ' on interface ' + ifname);
    const network = address.network();
    // The kernel makes no route for an address that is a network of its own.
    if (network.bits < network.ip.width && !hasRoute(routes.json, new Route(network.text()))) {
      const gateway = ips[i].gateway.length > 0 ? ips[i].gateway : network.text();
      return fail('Failed to find Gateway ' + gateway + ' for interface ' + ifname, PLUGIN_ERROR, 'there is no route to ' + network.text());
    }
  }
  return 0;
}

export function checkRoutes(wanted: Route[]): i32 {
  if (wanted.length == 0) return 0;
  const routes = routeList(new Obj().str('ns', 'container'));
  if (!routes.ok) return failWith(routes.error);
  for (let i = 0; i < wanted.length; i++) {
    if (!hasRoute(routes.json, wanted[i])) return fail('Expected Route {Dst:' + wanted[i].dst + ' GW:' + wanted[i].gw + '} not found in routing table');
  }
  return 0;
}

function hasRoute(listed: Json, wanted: Route): bool {
  const dst = Prefix.parse(wanted.dst);
  const gw = Ip.parse(wanted.gw);
  if (dst === null) return false;
  const table = wanted.table > 0 ? wanted.table : MAIN_TABLE;
  for (let e = listed.get('routes').first(); e.present; e = e.next()) {
    const there = Prefix.parse(e.get('dst').str());
    if (there === null || !there.equals(dst.network()) || e.get('table').int() != table) continue;
    const via = Ip.parse(e.get('gw').str());
    if (gw === null || (via !== null && via.equals(gw))) return true;
  }
  return false;
}
