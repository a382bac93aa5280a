// Gives the container's interface the addresses and routes of a result, in the order the reference does.
// SPDX-License-Identifier: Apache-2.0

import { log, WARN } from './abi';
import { fail, failWith } from './fail';
import { addrAdd, addrAwait, linkGet, linkSet, routeAdd, sysctlGet, sysctlSet } from './gen/ops';
import { Obj } from './json';
import { quote } from './quote';
import { ABSENT, AssignedIp, Result, Route } from './result';

/** s; duplicate address detection takes about one, and this is what the reference waits */
export const DAD_TIMEOUT: i64 = 5;

/** `link` is the handle of `ifname`, `dadTimeout` in seconds. Returns 0, or what fail() returned. */
export function configureInterface(link: i64, ifname: string, result: Result, dadTimeout: i64 = DAD_TIMEOUT): i32 {
  if (result.interfaces.length == 0) return fail('no interfaces to configure');
  const gateways = new Gateways();
  let v6Enabled = false;
  for (let i = 0; i < result.ips.length; i++) {
    const ip = result.ips[i];
    if (ip.index < 0) continue;
    if (ip.index >= result.interfaces.length || result.interfaces[ip.index].name != ifname) {
      return fail('failed to add IP addr ' + ip.address + ' to ' + quote(ifname) + ': invalid interface index');
    }
    if (ip.isV6 && !v6Enabled) {
      if (enableV6(link, ifname) != 0) return 1;
      v6Enabled = true;
    }
    const added = addrAdd(new Obj().int('link', link).str('address', ip.address));
    if (!added.ok) return failWith(added.error, 'failed to add IP addr ' + ip.address + ' to ' + quote(ifname));
    gateways.remember(ip);
  }
  const up = linkSet(new Obj().int('link', link).bool('up', true));
  if (!up.ok) return failWith(up.error, 'failed to set ' + quote(ifname) + ' UP');
  if (gateways.v6.length > 0 && settle(link, ifname, dadTimeout) != 0) return 1;
  for (let i = 0; i < result.routes.length; i++) {
    if (addRoute(link, ifname, result.routes[i], gateways) != 0) return 1;
  }
  return 0;
}

/** The first gateway of each family, whichever family its address is of; routes without one of their own go there. */
class Gateways {
  v4: string = '';
  v6: string = '';

  remember(ip: AssignedIp): void {
    const isV6 = ip.gateway.includes(':');
    if (isV6 && this.v6.length == 0) this.v6 = ip.gateway;
    if (!isV6 && this.v4.length == 0) this.v4 = ip.gateway;
  }

  of(route: Route): string {
    if (route.gw.length > 0) return route.gw;
    return route.dst.includes(':') ? this.v6 : this.v4;
  }
}

/** Namespaces can start with IPv6 switched off; on `lo` as well, or the addresses would not be reachable from inside. */
function enableV6(link: i64, ifname: string): i32 {
  const onLo = switchOn(new Obj().str('key', 'net/ipv6/conf/lo/disable_ipv6'), 'lo');
  if (onLo != 0) return onLo;
  const onLink = switchOn(new Obj().int('link', link).str('key', 'net/ipv6/conf/{link}/disable_ipv6'), ifname);
  if (onLink != 0) return onLink;
  const kept = sysctlSet(new Obj().int('link', link).str('key', 'net/ipv6/conf/{link}/keep_addr_on_down').str('value', '1'));
  return kept.ok ? 0 : failWith(kept.error, 'failed to enable keep_addr_on_down for interface ' + quote(ifname));
}

function switchOn(disable: Obj, ifname: string): i32 {
  const now = sysctlGet(disable);
  const value = now.ok ? now.json.get('value').str() : '';
  if (value.length == 0) log(WARN, 'cannot read whether IPv6 is enabled for interface ' + quote(ifname));
  if (value.length == 0 || value == '0') return 0;
  const enabled = sysctlSet(disable.str('value', '0'));
  return enabled.ok ? 0 : failWith(enabled.error, 'failed to enable IPv6 for interface ' + quote(ifname));
}

function settle(link: i64, ifname: string, timeout: i64): i32 {
  const prefix = 'failed to settle addresses for ' + quote(ifname);
  const waited = addrAwait(new Obj().int('link', link).int('timeoutMs', timeout * 1000));
  if (!waited.ok) return failWith(waited.error, prefix);
  const failed = waited.json.get('failed').str();
  if (failed.length > 0) return fail(prefix + ': link ' + ifname + ' has address ' + failed + ' in DADFAILED state');
  if (waited.json.get('settled').bool()) return 0;
  // Without carrier the kernel does not even start; that is the business of whoever owns the other end.
  const now = linkGet(new Obj().int('link', link));
  if (now.ok && now.json.get('state').str() != 'up') return 0;
  return fail(prefix + ': link ' + ifname + ' still has tentative addresses after ' + timeout.toString() + ' seconds');
}

function addRoute(link: i64, ifname: string, route: Route, gateways: Gateways): i32 {
  const gw = gateways.of(route);
  const request = new Obj().int('link', link).str('dst', route.dst).optional('gw', gw);
  if (route.table != ABSENT) request.int('table', route.table);
  if (route.scope != ABSENT) request.int('scope', route.scope);
  if (route.priority != 0) request.int('metric', route.priority);
  if (route.mtu != 0) request.int('mtu', route.mtu);
  if (route.advmss != 0) request.int('advmss', route.advmss);
  const added = routeAdd(request);
  return added.ok ? 0 : failWith(added.error, 'failed to add route ' + described(route, gw, ifname));
}

function described(route: Route, gw: string, ifname: string): string {
  const via = gw.length > 0 ? gw : '<nil>';
  const table = route.table != ABSENT ? route.table : 0;
  return "'" + route.dst + ' via ' + via + ' dev ' + ifname + ' metric ' + route.priority.toString()
    + ' (Scope: ' + scopeWord(route.scope) + ', Table: ' + table.toString() + ")'";
}

function scopeWord(scope: i64): string {
  if (scope <= 0) return 'universe';
  if (scope == 200) return 'site';
  if (scope == 253) return 'link';
  if (scope == 254) return 'host';
  return scope == 255 ? 'nowhere' : 'unknown';
}
