// The bridge as the containers' gateway: which addresses it needs, and how it gets them without disturbing others.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { addrAdd, addrDelete, addrList, sysctlSet } from '../sdk/gen/ops';
import { Ip, Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { AssignedIp, Result, Route } from '../sdk/result';
import { Bridge } from './bridge';
import { BridgeConf } from './bridge-conf';

export class Gateways {
  private v4: Prefix[] = [];
  private v6: Prefix[] = [];

  constructor(private forceAddress: bool) {}

  /** Completes the result: every address gets interface and gateway, and each family its default route, if that is asked for. */
  static plan(conf: BridgeConf, result: Result): Gateways {
    const gateways = new Gateways(conf.forceAddress);
    let routedV4 = false;
    let routedV6 = false;
    for (let i = 0; i < result.ips.length; i++) {
      const ip = result.ips[i];
      const prefix = Prefix.parse(ip.address);
      ip.index = 2;
      if (!conf.isGateway || prefix === null) continue;
      if (ip.gateway.length == 0) ip.gateway = prefix.first().next().text();
      if (conf.isDefaultGateway && !(ip.isV6 ? routedV6 : routedV4)) {
        addDefaultRoute(result, ip);
        if (ip.isV6) routedV6 = true;
        else routedV4 = true;
      }
      const gateway = gatewayOf(ip);
      if (gateway !== null) (ip.isV6 ? gateways.v6 : gateways.v4).push(gateway);
    }
    return gateways;
  }

  setUp(bridge: Bridge): i32 {
    if (this.ensureAll(bridge, this.v4, 'net/ipv4/ip_forward') != 0) return 1;
    return this.ensureAll(bridge, this.v6, 'net/ipv6/conf/all/forwarding');
  }

  private ensureAll(bridge: Bridge, gateways: Prefix[], forwarding: string): i32 {
    for (let i = 0; i < gateways.length; i++) {
      if (this.ensure(bridge, gateways[i]) != 0) return 1;
    }
    if (gateways.length == 0) return 0;
    const on = sysctlSet(new Obj().str('ns', 'host').str('key', forwarding).str('value', '1'));
    return on.ok ? 0 : failWith(on.error, 'failed to enable forwarding');
  }

  private ensure(bridge: Bridge, gateway: Prefix): i32 {
    const link = bridge.link;
    const listed = addrList(new Obj().int('link', link));
    if (!listed.ok) return failWith(listed.error, 'failed to set bridge addr: could not get list of IP addresses');
    const conflicts: string[] = [];
    for (let e = listed.json.get('addrs').first(); e.present; e = e.next()) {
      const there = Prefix.parse(e.get('address').str());
      if (there === null || there.ip.v6 != gateway.ip.v6) continue;
      if (there.equals(gateway)) return 0;
      // Several IPv6 subnets can share a bridge as long as they do not overlap; IPv4 has one.
      if (!gateway.ip.v6 || there.overlaps(gateway)) conflicts.push(there.text());
    }
    if (conflicts.length > 0 && !this.forceAddress) {
      return fail('failed to set bridge addr: ' + quote(bridge.name) + ' already has an IP address different from ' + gateway.text());
    }
    for (let i = 0; i < conflicts.length; i++) {
      const removed = addrDelete(new Obj().int('link', link).str('address', conflicts[i]));
      if (!removed.ok) return failWith(removed.error, 'failed to set bridge addr: could not remove IP address from ' + quote(bridge.name));
    }
    const added = addrAdd(new Obj().int('link', link).str('address', gateway.text()).str('life', 'network'));
    // Another attachment of the network can have come first.
    if (!added.ok && added.error.kind != 'exists') return failWith(added.error, 'failed to set bridge addr: could not add IP address to ' + quote(bridge.name));
    return bridge.pinMac();
  }
}

/** The gateway of an address as the bridge carries it; null without one. */
export function gatewayOf(ip: AssignedIp): Prefix | null {
  const prefix = Prefix.parse(ip.address);
  const gateway = Ip.parse(ip.gateway);
  return prefix === null || gateway === null ? null : new Prefix(gateway, prefix.bits);
}

function addDefaultRoute(result: Result, ip: AssignedIp): void {
  const dst = ip.isV6 ? '::/0' : '0.0.0.0/0';
  for (let i = 0; i < result.routes.length; i++) {
    if (result.routes[i].dst == dst && result.routes[i].gw.length > 0) return;
  }
  result.routes.push(new Route(dst, ip.gateway));
}
