// Access to published ports by 127.0.0.1: the kernel drops such packets on the way to the container's link unless it is told not to.
// SPDX-License-Identifier: Apache-2.0

import { linkGet, linkList, routeList, sysctlGet, sysctlSet } from '../sdk/gen/ops';
import { Ip } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { Interface } from '../sdk/result';

const KEY = 'net/ipv4/conf/{link}/route_localnet';

/** What went wrong, '' when nothing. A link that is none of this attachment's is left as it is. */
export function enableLocalnet(to: Ip, interfaces: Interface[]): string {
  const link = linkTo(to, interfaces);
  if (link == 0) return '';
  const set = sysctlSet(new Obj().str('key', KEY).int('link', link).str('value', '1'));
  return set.ok ? '' : set.error.msg;
}

/** What is not as enableLocalnet leaves it, '' when nothing. */
export function missingLocalnet(to: Ip, interfaces: Interface[]): string {
  const link = linkTo(to, interfaces);
  if (link == 0) return '';
  const value = sysctlGet(new Obj().str('key', KEY).int('link', link));
  if (!value.ok) return value.error.msg;
  const is = value.json.get('value').str();
  return is == '1' ? '' : 'route_localnet of the interface that leads to ' + to.text() + ' is "' + is + '", not "1"';
}

/** The handle of the host's link behind which the address is, of those that the plugins before this one made; 0 when it is none of them. */
function linkTo(to: Ip, interfaces: Interface[]): i64 {
  const index = indexTo(to);
  if (interfaces.length == 0) return bridgeAt(index);
  for (let i = 0; i < interfaces.length && index > 0; i++) {
    if (interfaces[i].sandbox.length > 0) continue;
    const link = linkGet(new Obj().str('ns', 'host').str('name', interfaces[i].name));
    if (link.ok && link.json.get('index').int() == index) return link.json.get('link').int();
  }
  return 0;
}

/** Results of 0.1.0 and 0.2.0 name no interfaces: the host shows the bridge of the attachment's port, and no other. */
function bridgeAt(index: i64): i64 {
  const bridges = linkList(new Obj().str('ns', 'host').str('kind', 'bridge'));
  for (let e = bridges.json.get('links').first(); e.present; e = e.next()) {
    if (e.get('index').int() == index) return e.get('link').int();
  }
  return 0;
}

/** The interface that the kernel sends through, 0 when it knows none. */
function indexTo(to: Ip): i64 {
  const answer = routeList(new Obj().str('ns', 'host').str('to', to.text()));
  return answer.json.get('routes').first().get('index').int();
}
