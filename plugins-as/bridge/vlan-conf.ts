// The VLAN keys: checked as the reference checks them, and what they make of a port.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Json } from '../sdk/json';
import { VlanSet } from './vlan-set';

const HIGHEST: i64 = 4094;
const DEFAULT_VLAN: i64 = 1;

export class VlanConf {
  /** What is wrong with `vlan` or `vlanTrunk`, '' when nothing. */
  problem: string = '';
  /** `vlan`, 0 for none. */
  id: i64 = 0;
  preserveDefault: bool = false;
  /** The bridge looks at VLANs: also with an empty list. */
  filtering: bool = false;
  private trunk: VlanSet = new VlanSet();

  static from(config: Config): VlanConf {
    const conf = new VlanConf();
    conf.id = config.int('vlan');
    conf.preserveDefault = config.bool('preserveDefaultVlan');
    const trunk = config.parts('vlanTrunk', '*main.VlanTrunk');
    conf.filtering = conf.id != 0 || config.has('vlanTrunk');
    if (conf.id < 0 || conf.id > HIGHEST) conf.problem = 'invalid VLAN ID ' + conf.id.toString() + ' (must be between 0 and 4094)';
    for (let i = 0; i < trunk.length && conf.problem.length == 0; i++) {
      conf.problem = trunkProblem(trunk[i]);
      if (conf.problem.length == 0) conf.collect(trunk[i]);
    }
    return conf;
  }

  /** Does the port differ from one without VLANs? */
  get onPort(): bool {
    return this.id != 0 || !this.trunk.isEmpty;
  }

  /** What the port shall have; `present` is what it has, of which something stays with preserveDefaultVlan. */
  wanted(present: Json): VlanSet {
    const set = this.preserveDefault ? VlanSet.from(present) : new VlanSet();
    if (this.id != 0) set.add(this.id, this.id, true, true);
    set.addAll(this.trunk);
    // Frames without a tag have to belong somewhere.
    if (this.id == 0) set.add(DEFAULT_VLAN, DEFAULT_VLAN, true, true);
    return set;
  }

  /** CHECK: what is not as wanted, '' when nothing. Old versions of the reference left VLAN 1 on the port. */
  difference(present: Json): string {
    const is = VlanSet.from(present);
    const shall = this.wanted(Json.absent());
    const missing = shall.without(is);
    if (!missing.isEmpty) return 'does not have the VLANs ' + missing.text();
    const more = is.others(shall);
    more.remove(DEFAULT_VLAN);
    return this.preserveDefault || more.isEmpty ? '' : 'has the VLANs ' + more.text() + ', which are not configured';
  }

  private collect(entry: Config): void {
    if (entry.has('minID')) this.trunk.add(entry.int('minID'), entry.int('maxID'), false, false);
    if (entry.has('id')) this.trunk.add(entry.int('id'), entry.int('id'), false, false);
  }
}

function trunkProblem(entry: Config): string {
  const minID = entry.int('minID');
  const maxID = entry.int('maxID');
  const id = entry.int('id');
  if (entry.has('minID') && entry.has('maxID')) {
    if (!isVlan(minID)) return 'incorrect trunk minID parameter';
    if (!isVlan(maxID)) return 'incorrect trunk maxID parameter';
    if (minID > maxID) return 'minID is greater than maxID in trunk parameter';
  } else if (entry.has('maxID')) return 'minID and maxID should be configured simultaneously, minID is missing';
  else if (entry.has('minID')) return 'minID and maxID should be configured simultaneously, maxID is missing';
  return entry.has('id') && !isVlan(id) ? 'incorrect trunk id parameter' : '';
}

function isVlan(id: i64): bool {
  return id > 0 && id <= HIGHEST;
}
