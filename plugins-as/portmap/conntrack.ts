// Forgets what is known of UDP flows to the published ports, so that clients that go on sending meet the rules as they are now.
// SPDX-License-Identifier: Apache-2.0

import { log, WARN } from '../sdk/abi';
import { conntrackFlush } from '../sdk/gen/ops';
import { Arr, Obj } from '../sdk/json';
import { isPort, PortMapping } from './port-mapping';

/** Failures are told and nothing more: the flows expire by themselves. */
export function flushUdp(mappings: PortMapping[], v6: bool): void {
  const ports = new Arr();
  let some = false;
  for (let i = 0; i < mappings.length; i++) {
    if (mappings[i].protocol != 'udp' || !isPort(mappings[i].hostPort)) continue;
    ports.int(mappings[i].hostPort);
    some = true;
  }
  if (!some) return;
  const flushed = conntrackFlush(new Obj().str('family', v6 ? 'ip6' : 'ip').str('proto', 'udp').arr('dports', ports));
  if (!flushed.ok) log(WARN, 'failed to delete stale UDP conntrack entries: ' + flushed.error.msg);
}
