// The bridge as the containers' gateway: which addresses it needs, and how it gets them without disturbing others.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, PLUGIN_ERROR } from '../sdk/fail';
import { addrAdd, addrDelete, addrList, sysctlSet } from '../sdk/gen/ops';
import { Ip, Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { AssignedIp, Result, Route } from '../sdk/result';
import { Bridge } from './bridge';
import { BridgeConf } from './bridge-conf';
import { GatewayPlace } from './gateway-place';
import { VlanGateway } from './vlan-gateway';

export const BRIDGE_CARRIES = 'failed to set bridge addr';
export const VLAN_CARRIES = 'failed to set vlan interface for bridge with addr';

export class Gateways {
  private v4: Prefix[] = [];
  private v6: Prefix[] = [];

  /** The interface that carries them, its name, and what the reference calls putting an address there. */
  private link: i64 = 0;
  private name: string = '';
  private what: string = BRIDGE_CARRIES;
  /** Another attachment put the first address there while this one was about to, and pins the bridge's hardware address: twice would be to two of them. */
  private isSecond: bool = false;

  constructor(private conf: BridgeConf) {}

  /** Completes the result: every address gets interface and gateway, and each family its default route, if that is asked for. */
  static plan(conf: BridgeConf, result: Result): Gateways {
    const gateways = new Gateways(conf);
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

  /** Also adds the interface of the gateway to the result, if it is not the bridge. */
  setUp(bridge: Bridge, result: Result): i32 {
    if (this.v4.length + this.v6.length == 0) return 0;
    this.link = bridge.link;
    this.name = bridge.name;
    if (this.conf.vlans.id != 0) {
      const own = new VlanGateway(this.conf);
      if (own.setUp(bridge) != 0) return 1;
      result.interfaces.push(own.shown);
      this.link = own.link;
      this.name = own.name;
      this.what = VLAN_CARRIES;
    }
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
    const listed = addrList(new Obj().int('link', this.link));
    if (!listed.ok) return failWith(listed.error, this.what + ': could not get list of IP addresses');
    const place = GatewayPlace.on(listed.json, gateway);
    if (place.isThere) return 0;
    if (place.isTaken && !this.conf.forceAddress) return fail(place.problem(this.what, this.name), PLUGIN_ERROR, place.advice);
    for (let i = 0; i < place.conflicts.length; i++) {
      const removed = addrDelete(new Obj().int('link', this.link).str('address', place.conflicts[i]));
      if (!removed.ok) return failWith(removed.error, this.what + ': could not remove IP address from ' + quote(this.name));
    }
    const added = addrAdd(new Obj().int('link', this.link).str('address', gateway.text()).str('life', 'network'));
    if (!added.ok && added.error.kind != 'exists') return failWith(added.error, this.what + ': could not add IP address ' + gateway.text() + ' to ' + quote(this.name));
    if (!added.ok) this.isSecond = true;
    return this.link == bridge.link && !this.isSecond ? bridge.pinMac() : 0;
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
