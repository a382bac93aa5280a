// The verbs that look at what was handed out: give back, look up, collect, and say whether there is anything left.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, NOT_AVAILABLE, PLUGIN_ERROR } from '../sdk/fail';
import { storeCollect, storeDelete, storeFirstFree } from '../sdk/gen/ops';
import { Ip, Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { owned } from './owner';
import { PoolConfig } from './pool-config';

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
  if (leases.keys.length == 0) return fail('host-local: Failed to find address added by container ' + request.containerId);
  const ips = givenTo(request, pool);
  // A lone address is not compared: for the reference any lease of the container will do.
  for (let i = 0; i < ips.length && ips.length > 1; i++) {
    if (!leases.has(ips[i])) return fail('host-local: Failed to find address ' + ips[i].text() + ' added by container ' + request.containerId);
  }
  return 0;
}

/** The host does it: the leases of a node may be more than a message, or a module's memory, can hold. */
export function gc(length: i32): i32 {
  if (!Request.take(length).validAttachments.exists) return 0;
  const collected = storeCollect(new Obj());
  return collected.ok ? 0 : failWith(collected.error);
}

export function status(length: i32): i32 {
  const pool = PoolConfig.from(Request.take(length));
  if (pool.problem.length > 0) return fail(pool.problem, pool.hint.length > 0 ? NOT_AVAILABLE : PLUGIN_ERROR, pool.hint);
  for (let i = 0; i < pool.sets.length; i++) {
    const set = pool.sets[i];
    const found = storeFirstFree(new Obj().arr('ranges', set.json()));
    if (!found.ok) return found.error.kind == 'busy' ? failWith(found.error) : fail(found.error.msg, NOT_AVAILABLE);
    if (found.json.get('ip').exists) continue;
    return fail('no IP addresses available in range set: ' + set.text(), NOT_AVAILABLE, set.allLeased(i));
  }
  return 0;
}

/** What the result says the interface has out of this pool. Others than we may have given it addresses as well, which lie in none of its ranges. */
function givenTo(request: Request, pool: PoolConfig): Ip[] {
  const given: Ip[] = [];
  const ips = Result.from(request.prevResult).ipsOf(request.ifname);
  for (let i = 0; i < ips.length; i++) {
    const address = Prefix.parse(ips[i].address);
    if (address !== null && pool.hands(address.ip)) given.push(address.ip);
  }
  return given;
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
