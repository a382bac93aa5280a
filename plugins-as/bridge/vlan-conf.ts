// The VLAN keys: checked as the reference checks them.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';

const HIGHEST: i64 = 4094;

/** What is wrong with `vlan` or `vlanTrunk`, '' when nothing. */
export function vlanProblem(config: Config): string {
  const vlan = config.int('vlan');
  config.bool('preserveDefaultVlan');
  if (vlan < 0 || vlan > HIGHEST) return 'invalid VLAN ID ' + vlan.toString() + ' (must be between 0 and 4094)';
  const trunk = config.parts('vlanTrunk', 'VlanTrunk');
  for (let i = 0; i < trunk.length; i++) {
    const problem = trunkProblem(trunk[i]);
    if (problem.length > 0) return problem;
  }
  return '';
}

export function wantsVlan(config: Config): bool {
  return config.int('vlan') != 0 || config.parts('vlanTrunk', 'VlanTrunk').length > 0;
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
