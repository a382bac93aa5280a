// The configuration of the pool: which sets of ranges there are, and what goes into the result beside the addresses.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Ip, Prefix } from '../sdk/ip';
import { Kind } from '../sdk/json';
import { Request } from '../sdk/request';
import { Route } from '../sdk/result';
import { RangeText } from './range';
import { RangeSet } from './range-set';
import { Requested } from './requested';

export class PoolConfig {
  /** '' when the configuration is right. */
  problem: string = '';
  sets: RangeSet[] = [];
  routes: Route[] = [];
  requested: Requested = new Requested();
  hasResolvConf: bool = false;

  static from(request: Request): PoolConfig {
    const pool = new PoolConfig();
    const config = new Config(request.config, 'Net');
    const ipam = config.part('ipam', 'allocator.IPAMConfig');
    const texts = rangeTexts(config, ipam);
    pool.hasResolvConf = ipam.str('resolvConf').length > 0;
    ipam.str('dataDir');
    pool.routes = routes(ipam);
    pool.requested = Requested.from(request.args, config);
    pool.problem = config.problem;
    if (pool.problem.length == 0 && !ipam.json.exists) pool.problem = "IPAM config missing 'ipam' key";
    if (pool.problem.length == 0) pool.problem = pool.requested.problem;
    if (pool.problem.length == 0) pool.validate(texts, request.cniVersion);
    return pool;
  }

  private validate(texts: RangeText[][], cniVersion: string): void {
    if (texts.length == 0) return this.refuse('no IP ranges specified');
    let v4 = 0;
    let v6 = 0;
    for (let i = 0; i < texts.length; i++) {
      const set = RangeSet.from(texts[i]);
      if (set.problem.length > 0) return this.refuse('invalid range set ' + i.toString() + ': ' + set.problem);
      if (set.v6) v6++;
      else v4++;
      this.sets.push(set);
    }
    if ((v4 > 1 || v6 > 1) && (cniVersion == '0.1.0' || cniVersion == '0.2.0')) {
      return this.refuse('CNI version ' + cniVersion + ' does not support more than 1 address per family');
    }
    for (let i = 0; i < this.sets.length; i++) {
      for (let j = i + 1; j < this.sets.length; j++) {
        if (this.sets[i].overlaps(this.sets[j])) return this.refuse('range set ' + i.toString() + ' overlaps with ' + j.toString());
      }
    }
  }

  private refuse(problem: string): void {
    this.problem = problem;
  }
}

/** The runtime's first, then the one written without a list, then the list: the order numbers the sets. */
function rangeTexts(config: Config, ipam: Config): RangeText[][] {
  const sets: RangeText[][] = [];
  addSets(sets, config.part('runtimeConfig', 'RuntimeConfig'), 'ipRanges');
  const single = RangeText.decode(ipam);
  if (single.subnet.length > 0) sets.push([single]);
  addSets(sets, ipam, 'ranges');
  return sets;
}

function addSets(sets: RangeText[][], config: Config, key: string): void {
  const lists = config.list(key, '[]allocator.RangeSet');
  for (let list = lists.first(); list.present; list = list.next()) {
    const set: RangeText[] = [];
    if (list.exists && list.kind != Kind.Array) config.mismatch(list, key, 'allocator.RangeSet');
    for (let e = list.first(); e.present; e = e.next()) set.push(RangeText.decode(config.element(e, key, 'Range')));
    sets.push(set);
  }
}

function routes(ipam: Config): Route[] {
  const routes: Route[] = [];
  const parts = ipam.parts('routes', 'Route');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const dst = part.str('dst');
    const gw = part.str('gw');
    if (Prefix.parse(dst) === null) ipam.refuse('invalid CIDR address: ' + dst);
    if (gw.length > 0 && Ip.parse(gw) === null) ipam.refuse('invalid IP address: ' + gw);
    const route = new Route(dst, gw);
    route.mtu = part.int('mtu');
    route.advmss = part.int('advmss');
    route.priority = part.int('priority');
    if (part.has('table')) route.table = part.int('table');
    if (part.has('scope')) route.scope = part.int('scope');
    routes.push(route);
  }
  return routes;
}
