// ADD: one address out of each set of ranges. What is put into the store is taken back by the host if anything fails after it.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, PLUGIN_ERROR } from '../sdk/fail';
import { confFile, storeFirstFree, storeGet, storePut } from '../sdk/gen/ops';
import { Ip, Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { AssignedIp, Result } from '../sdk/result';
import { owned, ownerInWords, ownerOf } from './owner';
import { PoolConfig } from './pool-config';
import { RangeSet } from './range-set';
import { resolvConf } from './resolv-conf';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const pool = PoolConfig.from(request);
  if (pool.problem.length > 0) return fail(pool.problem, PLUGIN_ERROR, pool.hint);
  const result = new Result();
  if (pool.hasResolvConf) {
    const file = confFile(new Obj().str('key', 'ipam.resolvConf'));
    if (!file.ok) return fail(file.error.msg);
    result.dns = resolvConf(file.json.get('text').str());
  }
  const owner = ownerOf(request);
  for (let i = 0; i < pool.sets.length; i++) {
    const lease = new Lease(pool.sets[i], i, owner);
    const wanted = pool.requested.takeFrom(lease.set);
    const failed = wanted === null ? lease.takeAny(request) : lease.take(wanted);
    if (failed.length > 0) return fail('failed to allocate for range ' + i.toString() + ': ' + failed, PLUGIN_ERROR, lease.hint);
    result.ips.push(lease.assigned);
  }
  const rest = pool.requested.rest();
  if (rest.length > 0) return fail('failed to allocate all requested IPs:' + rest);
  result.routes = pool.routes;
  return result.set();
}

/** One address out of one set. Methods return what went wrong, '' when nothing did. */
class Lease {
  assigned: AssignedIp = new AssignedIp('');
  /** What can be done, where something went wrong. */
  hint: string = '';

  constructor(readonly set: RangeSet, private index: i32, private owner: string) {}

  take(ip: Ip): string {
    const range = this.set.rangeFor(ip)!;
    const text = ip.text();
    if (ip.equals(range.gateway)) return 'requested ip ' + text + " is subnet's gateway";
    const put = this.put(text);
    if (put.ok) return this.remember(ip);
    if (put.error.kind != 'conflict') return put.error.msg;
    const entry = storeGet(new Obj().str('key', text));
    if (entry.ok && entry.json.get('value').exists) this.hint = 'it is leased to ' + ownerInWords(entry.json.get('value').str()) + '; `cni-wasm why ' + text + '` tells more';
    return 'requested IP address ' + text + ' is not available in range set ' + this.set.text();
  }

  takeAny(request: Request): string {
    const has = owned(request);
    if (has.problem.length > 0) return has.problem;
    for (let i = 0; i < has.keys.length; i++) {
      const ip = Ip.parse(has.keys[i]);
      if (ip !== null && this.set.rangeFor(ip) !== null) {
        this.hint = 'this attachment has its lease already; DEL gives it back';
        return ip.text() + ' has been allocated to ' + request.containerId + ', duplicate allocation is not allowed';
      }
    }
    const last = storeGet(new Obj().str('key', this.cursor));
    if (!last.ok) return last.error.msg;
    const search = new Obj().arr('ranges', this.set.json());
    const found = storeFirstFree(this.isInside(last.json.get('value').str()) ? search.str('after', last.json.get('value').str()) : search);
    if (!found.ok) return found.error.msg;
    const ip = Ip.parse(found.json.get('ip').str());
    if (ip === null) {
      this.hint = this.set.allLeased(this.index);
      return 'no IP addresses available in range set: ' + this.set.text();
    }
    const put = this.put(ip.text());
    return put.ok ? this.remember(ip) : put.error.msg;
  }

  private get cursor(): string {
    return 'last_reserved_ip.' + this.index.toString();
  }

  private isInside(text: string): bool {
    const ip = Ip.parse(text);
    return ip !== null && this.set.rangeFor(ip) !== null;
  }

  private put(ip: string): Answer {
    return storePut(new Obj().str('key', ip).str('value', this.owner).int('rev', 0));
  }

  private remember(ip: Ip): string {
    const range = this.set.rangeFor(ip)!;
    this.assigned = new AssignedIp(new Prefix(ip, range.subnet.bits).text(), range.gateway.text());
    const put = storePut(new Obj().str('key', this.cursor).str('value', ip.text()));
    return put.ok ? '' : put.error.msg;
  }
}
