// A kernel without VLANs on bridges: the reference's words, and what to do about it.
// SPDX-License-Identifier: Apache-2.0

import { Fault } from '../sdk/answer';
import { fail } from '../sdk/fail';

export function unsupported(fault: Fault, prefix: string): i32 {
  return fail(prefix + ': operation not supported', fault.code,
    'this kernel cannot filter VLANs on a bridge; remove "vlan" and "vlanTrunk", or boot one that was built with CONFIG_BRIDGE_VLAN_FILTERING');
}
