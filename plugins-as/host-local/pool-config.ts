// The configuration of the pool: which sets of ranges there are, and what goes into the result beside the addresses.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { confFile } from '../sdk/gen/ops';
import { Ip } from '../sdk/ip';
import { Kind, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Route } from '../sdk/result';
import { configuredRoutes } from '../sdk/route-conf';
import { POD_CIDR, RangeText } from './range';
import { RangeSet } from './range-set';
import { Requested, RUNTIME_CONFIG } from './requested';

export class PoolConfig {
  /** '' when the configuration is right. */
  problem: string = '';
  /** What the operator can do about it. */
  hint: string = '';
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
    pool.routes = configuredRoutes(ipam);
    pool.requested = Requested.from(request.args, config);
    pool.problem = config.problem;
    if (pool.problem.length == 0 && !ipam.json.exists) pool.problem = "IPAM config missing 'ipam' key";
    if (pool.problem.length == 0) pool.problem = pool.requested.problem;
    if (pool.problem.length == 0 && texts.length == 0) pool.problem = 'no IP ranges specified';
    if (pool.problem.length == 0) pool.validate(pool.expanded(texts, request.verb), request.cniVersion);
    return pool;
  }

  /** Whether an address is one to hand out. */
  hands(ip: Ip): bool {
    for (let i = 0; i < this.sets.length; i++) if (this.sets[i].rangeFor(ip) !== null) return true;
    return false;
  }

  /** A set with the node's pod subnet in it is one set for each line of the node's file: on a dual-stack node for each family. */
  private expanded(texts: RangeText[][], verb: string): RangeText[][] {
    const known = withoutPodCidr(texts);
    // What only gives back or looks needs no pool: it must work on a node that has lost its pod subnets.
    const allocates = verb == 'ADD' || verb == 'STATUS';
    if (known.length == texts.length || (!allocates && verb != 'CHECK')) return known;
    const file = confFile(new Obj().str('key', 'node.podCidr'));
    if (!file.ok) {
      if (!allocates) return known;
      this.problem = file.error.msg;
      this.hint = file.error.hint;
      return [];
    }
    const subnets = file.json.get('text').str().split('\n');
    const sets: RangeText[][] = [];
    for (let i = 0; i < texts.length; i++) {
      if (!usesPodCidr(texts[i])) sets.push(texts[i]);
      else for (let j = 0; j < subnets.length; j++) sets.push(onSubnet(texts[i], subnets[j]));
    }
    return sets;
  }

  private validate(texts: RangeText[][], cniVersion: string): void {
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
  addSets(sets, config.part('runtimeConfig', RUNTIME_CONFIG), 'ipRanges');
  const single = RangeText.decode(ipam.embedded('Range'));
  if (single.subnet.length > 0) sets.push([single]);
  addSets(sets, ipam, 'ranges');
  return sets;
}

function addSets(sets: RangeText[][], config: Config, key: string): void {
  const lists = config.list(key, '[]allocator.RangeSet');
  for (let list = lists.first(); list.present; list = list.next()) {
    const set: RangeText[] = [];
    if (list.exists && list.kind != Kind.Array) config.mismatch(list, key, 'allocator.RangeSet');
    for (let e = list.first(); e.present; e = e.next()) set.push(RangeText.decode(config.element(e, key, 'allocator.Range')));
    sets.push(set);
  }
}

function withoutPodCidr(texts: RangeText[][]): RangeText[][] {
  const known: RangeText[][] = [];
  for (let i = 0; i < texts.length; i++) if (!usesPodCidr(texts[i])) known.push(texts[i]);
  return known;
}

function usesPodCidr(set: RangeText[]): bool {
  for (let i = 0; i < set.length; i++) if (set[i].subnet == POD_CIDR) return true;
  return false;
}

function onSubnet(set: RangeText[], subnet: string): RangeText[] {
  const placed: RangeText[] = [];
  for (let i = 0; i < set.length; i++) placed.push(set[i].subnet == POD_CIDR ? set[i].on(subnet) : set[i]);
  return placed;
}
