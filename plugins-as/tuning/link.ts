// Changing the interface, one attribute at a time: an error then names the one it is about.
// SPDX-License-Identifier: Apache-2.0

import { linkSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { normalMac } from '../sdk/mac';
import { quote } from '../sdk/quote';
import { Attributes } from './attributes';

/** Goes on after errors; the first is returned, '' when there was none. */
export function change(link: i64, ifname: string, to: Attributes): string {
  let problem = '';
  if (to.mac.length > 0) {
    const mac = normalMac(to.mac);
    if (mac.length == 0) problem = 'invalid args ' + to.mac + ' for MAC addr: address ' + to.mac + ': invalid MAC address';
    else problem = set(start(link).str('mac', mac), ifname, 'mac ' + to.mac, problem);
  }
  if (to.hasPromisc) problem = set(start(link).bool('promisc', to.promisc), ifname, 'promiscuous mode', problem);
  if (to.mtu < 0) problem = first(problem, 'cannot set mtu ' + to.mtu.toString() + ' of ' + quote(ifname) + ': it must be above 0');
  if (to.mtu > 0) problem = set(start(link).int('mtu', to.mtu), ifname, 'mtu ' + to.mtu.toString(), problem);
  if (to.hasAllmulti) problem = set(start(link).bool('allmulti', to.allmulti), ifname, 'all-multicast mode', problem);
  if (to.hasTxqlen) problem = set(start(link).int('txqlen', to.txqlen), ifname, 'txQLen ' + to.txqlen.toString(), problem);
  return problem;
}

function start(link: i64): Obj {
  return new Obj().int('link', link);
}

function set(request: Obj, ifname: string, what: string, problem: string): string {
  const done = linkSet(request);
  return done.ok ? problem : first(problem, 'cannot set ' + what + ' of ' + quote(ifname) + ': ' + done.error.msg);
}

function first(problem: string, next: string): string {
  return problem.length > 0 ? problem : next;
}
