// STATUS: the gateways that ADD will want on the bridge, as far as the configuration of host-local tells them before there is a result.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, NOT_AVAILABLE } from '../sdk/fail';
import { addrList } from '../sdk/gen/ops';
import { Ip, Prefix } from '../sdk/ip';
import { Json, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { hostLink } from './bridge';
import { BridgeConf } from './bridge-conf';
import { GatewayPlace } from './gateway-place';
import { BRIDGE_CARRIES, VLAN_CARRIES } from './gateways';
import { nameOf } from './vlan-gateway';

/** Fails only where every ADD will: an address comes out of any range of a set, so that one with a gateway that can be had is enough. */
export function checkGatewaysAhead(request: Request, conf: BridgeConf): i32 {
  if (!conf.isGateway || conf.forceAddress || conf.ipam != 'host-local') return 0;
  const isVlan = conf.vlans.id != 0;
  const name = isVlan ? nameOf(conf) : conf.bridge;
  const carrier = hostLink(name);
  if (carrier.missing) return 0;
  if (!carrier.ok) return failWith(carrier.error);
  const listed = addrList(new Obj().int('link', carrier.json.get('link').int()));
  if (!listed.ok) return failWith(listed.error);
  const sets = setsOf(request.config);
  for (let i = 0; i < sets.length; i++) {
    const taken = firstTaken(listed.json, sets[i]);
    if (taken !== null) return fail(taken.problem(isVlan ? VLAN_CARRIES : BRIDGE_CARRIES, name), NOT_AVAILABLE, taken.advice);
  }
  return 0;
}

/** null when a range of the set has a gateway that nothing is in the way of. */
function firstTaken(listed: Json, ranges: Json[]): GatewayPlace | null {
  let first: GatewayPlace | null = null;
  for (let i = 0; i < ranges.length; i++) {
    const gateway = gatewayIn(ranges[i]);
    // The node's pod subnets are host-local's to know.
    if (gateway === null) return null;
    const place = GatewayPlace.on(listed, gateway);
    if (!place.isTaken) return null;
    if (first === null) first = place;
  }
  return first;
}

function gatewayIn(range: Json): Prefix | null {
  const subnet = Prefix.parse(range.field('subnet').str());
  if (subnet === null) return null;
  const own = Ip.parse(range.field('gateway').str());
  return new Prefix(own === null ? subnet.first().next() : own, subnet.bits);
}

/** As host-local finds them, which has said by now that they are right. */
export function setsOf(config: Json): Json[][] {
  const ipam = config.field('ipam');
  const sets: Json[][] = [];
  addSets(sets, config.field('runtimeConfig').field('ipRanges'));
  if (ipam.field('subnet').exists) sets.push([ipam]);
  addSets(sets, ipam.field('ranges'));
  return sets;
}

function addSets(sets: Json[][], lists: Json): void {
  for (let list = lists.first(); list.present; list = list.next()) {
    const set: Json[] = [];
    for (let range = list.first(); range.present; range = range.next()) set.push(range);
    sets.push(set);
  }
}
