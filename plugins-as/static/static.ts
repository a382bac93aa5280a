// The verbs. Nothing is reserved anywhere, so there is nothing to give back.
// SPDX-License-Identifier: Apache-2.0

import { fail } from '../sdk/fail';
import { Ip, Prefix } from '../sdk/ip';
import { Request } from '../sdk/request';
import { AssignedIp, Result } from '../sdk/result';
import { Address, StaticConf } from './static-conf';

export function add(length: i32): i32 {
  const conf = StaticConf.from(Request.take(length));
  if (conf.problem.length > 0) return fail(conf.problem);
  const result = new Result();
  for (let i = 0; i < conf.addresses.length; i++) result.ips.push(conf.addresses[i].assigned());
  result.routes = conf.routes;
  result.dns = conf.dns;
  return result.set();
}

/** The configuration is not even read: a mistake in it must not keep the rest of the chain from being cleaned up. */
export function del(length: i32): i32 {
  Request.take(length);
  return 0;
}

/** An address that is not in prevResult is none of this plugin's: as in the reference, that is no error. */
export function check(length: i32): i32 {
  const request = Request.take(length);
  const conf = StaticConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  if (!request.prevResult.exists) return fail('Required prevResult missing');
  const ips = Result.from(request.prevResult).ips;
  for (let i = 0; i < conf.addresses.length; i++) {
    const address = conf.addresses[i];
    if (!agrees(address, ips)) return fail('static: Failed to match addr ' + address.prefix.ip.text() + ' on interface ' + request.ifname);
  }
  return 0;
}

/** Could an ADD read this configuration? What a runtime asks for is not known yet. */
export function status(length: i32): i32 {
  const conf = StaticConf.from(Request.take(length));
  return conf.problem.length > 0 ? fail(conf.problem) : 0;
}

/** The first time the address was given decides. */
function agrees(address: Address, ips: AssignedIp[]): bool {
  const wanted = address.gateway;
  if (wanted === null) return true;
  for (let i = 0; i < ips.length; i++) {
    const prefix = Prefix.parse(ips[i].address);
    if (prefix === null || !prefix.ip.equals(address.prefix.ip)) continue;
    const given = Ip.parse(ips[i].gateway);
    return given !== null && given.equals(wanted);
  }
  return true;
}
