// CHECK: is what ADD answered still so? In the reference's order and words, and beyond it what else the configuration asked for.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { delegateCall } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { checkMasquerade } from '../sdk/masquerade';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { BridgeConf } from './bridge-conf';
import { notCallingIptables } from './bridge-netfilter';
import { checkIps, checkRoutes } from './check-addresses';
import { CheckedLinks } from './check-links';

export function check(length: i32): i32 {
  const request = Request.take(length);
  const conf = BridgeConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  if (conf.ipam.length > 0) {
    const delegated = delegateCall(new Obj().str('verb', 'CHECK'));
    if (!delegated.ok) return failWith(delegated.error);
  }
  if (!request.prevResult.exists) return fail('Required prevResult missing');
  const result = Result.from(request.prevResult);
  const links = new CheckedLinks(conf, request.ifname, result);
  if (links.check() != 0) return 1;
  const ips = result.ipsOf(request.ifname);
  if (links.checkGuards(request) != 0) return 1;
  if (checkIps(links.container, request.ifname, ips) != 0 || checkRoutes(result.routes) != 0) return 1;
  if (conf.nfCallIptables) {
    const off = notCallingIptables();
    if (off.length > 0) return fail(off);
  }
  if (conf.ipam.length == 0) return 0;
  if (conf.isGateway && links.checkGateways(ips) != 0) return 1;
  return conf.ipMasq ? checkMasquerade(request, conf.ipMasqBackend, ips) : 0;
}
