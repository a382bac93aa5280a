// CHECK: every sysctl and every attribute is as configured; promiscuous mode must be off unless it was asked for, as in the reference.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { linkGet } from '../sdk/gen/ops';
import { Json, Obj } from '../sdk/json';
import { normalMac } from '../sdk/mac';
import { Request } from '../sdk/request';
import { Attributes } from './attributes';
import { TuningConf } from './tuning-conf';

export function check(length: i32): i32 {
  const request = Request.take(length);
  const conf = TuningConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  if (!request.prevResult.exists) return fail('Required prevResult missing');
  for (let i = 0; i < conf.sysctls.length; i++) {
    const problem = conf.sysctls[i].check(request.ifname);
    if (problem.length > 0) return fail(problem);
  }
  const found = linkGet(new Obj().str('name', request.ifname));
  if (!found.ok) return found.missing ? fail('Cannot find container link ' + request.ifname) : failWith(found.error);
  const problem = differs(found.json, conf.wish, request.ifname);
  return problem.length > 0 ? fail('Error: Tuning ' + problem) : 0;
}

function differs(link: Json, wish: Attributes, ifname: string): string {
  const mac = link.get('mac').str();
  if (wish.mac.length > 0 && normalMac(wish.mac) != mac) return 'configured Ethernet of ' + ifname + ' is ' + wish.mac + ', current value is ' + mac;
  const promisc = link.get('promisc').bool();
  if (promisc != wish.promisc) return 'link ' + ifname + ' configured promisc is ' + wish.promisc.toString() + ', current value is ' + (promisc ? '1' : '0');
  const mtu = link.get('mtu').int();
  if (wish.mtu != 0 && wish.mtu != mtu) return 'configured MTU of ' + ifname + ' is ' + wish.mtu.toString() + ', current value is ' + mtu.toString();
  const allmulti = link.get('allmulti').bool();
  if (wish.hasAllmulti && wish.allmulti != allmulti) return 'configured all-multicast mode of ' + ifname + ' is ' + wish.allmulti.toString() + ', current value is ' + allmulti.toString();
  const txqlen = link.get('txqlen').int();
  if (wish.hasTxqlen && wish.txqlen != txqlen) return 'configured Transmit Queue Length of ' + ifname + ' is ' + wish.txqlen.toString() + ', current value is ' + txqlen.toString();
  return '';
}
