// The verbs that look at what was handed out: give back, look up, collect, and say whether there is anything left.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { storeDelete, storeFirstFree } from '../sdk/gen/ops';
import { Ip } from '../sdk/ip';
import { Json, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { entries, owned, ownerText } from './owner';
import { PoolConfig } from './pool-config';

/** STATUS: an ADD would fail (SPEC, code 50 "plugin not available"). */
const NOT_AVAILABLE: i32 = 50;

export function del(length: i32): i32 {
  const request = Request.take(length);
  const pool = PoolConfig.from(request);
  if (pool.problem.length > 0) return fail(pool.problem);
  const leases = owned(request);
  if (leases.problem.length > 0) return fail(leases.problem);
  return release(leases.keys);
}

export function check(length: i32): i32 {
  const request = Request.take(length);
  const pool = PoolConfig.from(request);
  if (pool.problem.length > 0) return fail(pool.problem);
  const leases = owned(request);
  if (leases.problem.length > 0) return fail(leases.problem);
  return leases.keys.length > 0 ? 0 : fail('host-local: Failed to find address added by container ' + request.containerId);
}

export function gc(length: i32): i32 {
  const request = Request.take(length);
  if (!request.validAttachments.exists) return 0;
  const valid = owners(request.validAttachments);
  const all = entries();
  if (all.problem.length > 0) return fail(all.problem);
  const stale: string[] = [];
  for (let i = 0; i < all.keys.length; i++) {
    if (Ip.parse(all.keys[i]) !== null && !valid.has(all.values[i].trim())) stale.push(all.keys[i]);
  }
  return release(stale);
}

export function status(length: i32): i32 {
  const pool = PoolConfig.from(Request.take(length));
  if (pool.problem.length > 0) return fail(pool.problem);
  for (let i = 0; i < pool.sets.length; i++) {
    const found = storeFirstFree(new Obj().arr('ranges', pool.sets[i].json()));
    if (!found.ok) return failWith(found.error);
    if (!found.json.get('ip').exists) return fail('no IP addresses available in range set: ' + pool.sets[i].text(), NOT_AVAILABLE);
  }
  return 0;
}

/** Tries all; the errors of those that stayed are told at the end. */
function release(keys: string[]): i32 {
  const problems: string[] = [];
  for (let i = 0; i < keys.length; i++) {
    const deleted = storeDelete(new Obj().str('key', keys[i]));
    if (!deleted.ok) problems.push(deleted.error.msg);
  }
  return problems.length == 0 ? 0 : fail(problems.join(';'));
}

/** Both forms an entry can have. */
function owners(attachments: Json): Set<string> {
  const owners = new Set<string>();
  for (let e = attachments.first(); e.present; e = e.next()) {
    const containerId = e.get('containerID').str();
    owners.add(ownerText(containerId, e.get('ifname').str()));
    owners.add(containerId);
  }
  return owners;
}
