// ADD: bridge, pair, addresses, gateway, masquerading. Whatever fails, the host takes back what was done before.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { delegateCall, linkSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { configureInterface } from '../sdk/configure-interface';
import { masquerade } from '../sdk/masquerade';
import { Request } from '../sdk/request';
import { CONTAINER, Interface, Result } from '../sdk/result';
import { BridgeConf } from './bridge-conf';
import { Bridge } from './bridge';
import { callIptables } from './bridge-netfilter';
import { Gateways } from './gateways';
import { Pair } from './pair';

/** Since this version a result can tell the MTU of an interface; older ones are as the reference gives them. */
const WITH_MTU = '1.1.0';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const conf = BridgeConf.from(request);
  if (refused(conf) != 0) return 1;
  const bridge = new Bridge(conf);
  if (bridge.setUp() != 0 || (conf.nfCallIptables && callIptables() != 0)) return 1;
  const pair = new Pair(conf, request);
  if (pair.create() != 0 || pair.attach(bridge) != 0) return 1;
  const result = new Result();
  result.interfaces = [new Interface(conf.bridge), new Interface(''), new Interface(request.ifname, '', CONTAINER)];
  if (conf.ipam.length > 0) {
    if (addLayer3(request, conf, bridge, pair, result) != 0) return 1;
  } else if (!conf.containerDown) {
    const up = linkSet(new Obj().int('link', pair.container).bool('up', true));
    if (!up.ok) return failWith(up.error, 'failed to set ' + request.ifname + ' UP');
  }
  // Hardware addresses last: the bridge's follows its ports until it is pinned.
  if (pair.finish(result.interfaces[1], result.interfaces[2]) != 0 || bridge.finish(result.interfaces[0]) != 0) return 1;
  if (request.cniVersion != WITH_MTU) withoutMtu(result);
  if (conf.dns.given) result.dns = conf.dns;
  return result.set();
}

function withoutMtu(result: Result): void {
  for (let i = 0; i < result.interfaces.length; i++) result.interfaces[i].mtu = 0;
}

function refused(conf: BridgeConf): i32 {
  if (conf.problem.length > 0) return fail(conf.problem);
  if (conf.containerDown && conf.ipam.length > 0) return fail('cannot use IPAM when DisableContainerInterface flag is set');
  if (conf.dadProblem().length > 0) return fail(conf.dadProblem());
  if (conf.hairpin && conf.promisc) return fail('cannot set hairpin mode and promiscuous mode at the same time');
  return 0;
}

function addLayer3(request: Request, conf: BridgeConf, bridge: Bridge, pair: Pair, result: Result): i32 {
  const assigned = delegateCall(new Obj().str('verb', 'ADD'));
  if (!assigned.ok) return failWith(assigned.error);
  const ipam = Result.from(assigned.json.get('result'));
  if (ipam.ips.length == 0) return fail('IPAM plugin returned missing IP config');
  result.ips = ipam.ips;
  result.routes = ipam.routes;
  result.dns = ipam.dns;
  const gateways = Gateways.plan(conf, result);
  pair.prepareForAddresses();
  if (configureInterface(pair.container, request.ifname, result, conf.dadTimeout) != 0) return 1;
  if (gateways.setUp(bridge, result) != 0) return 1;
  return conf.ipMasq ? masquerade(request, conf.ipMasqBackend, result.ips) : 0;
}
