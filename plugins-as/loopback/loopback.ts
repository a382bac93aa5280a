// The three verbs. The interface is always `lo`, whatever CNI_IFNAME says.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, failWith } from '../sdk/fail';
import { addrList, linkGet, linkSet } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Json, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { AssignedIp, CONTAINER, Interface, Result } from '../sdk/result';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const lo = findLo();
  if (!lo.ok) return failWith(lo.error);
  const link = lo.json.get('link').int();
  const up = linkSet(new Obj().int('link', link).bool('up', true));
  if (!up.ok) return failWith(up.error);
  const found = addrList(new Obj().int('link', link));
  if (!found.ok) return failWith(found.error);
  const addrs = found.json.get('addrs');
  const foreign = notLoopback(addrs);
  if (foreign.length > 0) return fail('loopback interface found with non-loopback address "' + foreign.split('/')[0] + '"');
  if (request.prevResult.exists) return Result.from(request.prevResult).set();
  return answer(addrs, request.cniVersion).set();
}

export function del(length: i32): i32 {
  const request = Request.take(length);
  if (!request.netns) return 0;
  const lo = findLo();
  if (!lo.ok) return lo.missing ? 0 : failWith(lo.error);
  const down = linkSet(new Obj().int('link', lo.json.get('link').int()).bool('up', false));
  return down.ok || down.missing ? 0 : failWith(down.error);
}

export function check(length: i32): i32 {
  Request.take(length);
  const lo = findLo();
  if (!lo.ok) return failWith(lo.error);
  return lo.json.get('up').bool() ? 0 : fail('loopback interface is down');
}

function findLo(): Answer {
  return linkGet(new Obj().str('name', 'lo'));
}

function notLoopback(addrs: Json): string {
  for (let e = addrs.first(); e.present; e = e.next()) {
    const prefix = Prefix.parse(e.get('address').str());
    if (prefix === null || !prefix.ip.isLoopback) return e.get('address').str();
  }
  return '';
}

/** The first address of each family, in one shape for every version, as the reference shows it. */
function answer(addrs: Json, cniVersion: string): Result {
  const result = new Result();
  result.cniVersion = cniVersion;
  result.interfaces.push(new Interface('lo', '00:00:00:00:00:00', CONTAINER));
  let hasV4 = false;
  let hasV6 = false;
  for (let e = addrs.first(); e.present; e = e.next()) {
    const address = e.get('address').str();
    const v6 = address.includes(':');
    if (v6 ? hasV6 : hasV4) continue;
    if (v6) hasV6 = true;
    else hasV4 = true;
    result.ips.push(new AssignedIp(address, '', 0));
  }
  return result;
}
