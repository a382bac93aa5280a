// The routes of an IPAM configuration, which are only passed on into the result.
// SPDX-License-Identifier: Apache-2.0

import { Config } from './config';
import { Ip, Prefix } from './ip';
import { Route } from './result';

/** What is no route is the configuration's problem. */
export function configuredRoutes(ipam: Config): Route[] {
  const routes: Route[] = [];
  const list = ipam.list('routes', '[]*types.Route');
  for (let e = list.first(); e.present; e = e.next()) {
    // Go names the struct that the list is in.
    const part = ipam.element(e, 'routes', 'IPAMConfig');
    const written = part.str('dst');
    const via = part.str('gw');
    const dst = Prefix.parse(written);
    const gw = Ip.parse(via);
    if (dst === null) ipam.refuse('invalid CIDR address: ' + written);
    if (via.length > 0 && gw === null) ipam.refuse('invalid IP address: ' + via);
    const route = new Route(dst === null ? '' : dst.text(), gw === null ? '' : gw.text());
    route.mtu = part.int('mtu');
    route.advmss = part.int('advmss');
    route.priority = part.int('priority');
    if (part.has('table')) route.table = part.int('table');
    if (part.has('scope')) route.scope = part.int('scope');
    routes.push(route);
  }
  return routes;
}
