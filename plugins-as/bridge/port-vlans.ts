// Puts a port into its VLANs.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '../sdk/fail';
import { linkGet, linkSet } from '../sdk/gen/ops';
import { Json, Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { unsupported } from './unsupported';
import { VlanConf } from './vlan-conf';

/** `port` is the handle of the interface `name`. Returns 0, or what fail() returned. */
export function setPortVlans(port: i64, name: string, vlans: VlanConf): i32 {
  if (!vlans.onPort) return 0;
  let present = Json.absent();
  if (vlans.preserveDefault) {
    const now = linkGet(new Obj().int('link', port).bool('vlans', true));
    if (!now.ok) return failWith(now.error, 'failed to lookup ' + quote(name));
    present = now.json.get('vlans');
  }
  const set = linkSet(new Obj().int('link', port).arr('vlans', vlans.wanted(present).json()));
  if (set.ok) return 0;
  const prefix = 'failed to setup vlan tag on interface ' + quote(name);
  return set.error.kind == 'unsupported' ? unsupported(set.error, prefix) : failWith(set.error, prefix);
}
