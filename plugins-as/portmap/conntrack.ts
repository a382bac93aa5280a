// Forgets what is known of UDP flows to the published ports, so that clients that go on sending meet the rules as they are now.
// SPDX-License-Identifier: Apache-2.0

import { log } from '../sdk/abi';
import { conntrackFlush } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { isPort, PortMapping } from './port-mapping';

const WARN: i32 = 2;

/** Failures are told and nothing more: the flows expire by themselves. */
export function flushUdp(mappings: PortMapping[], v6: bool): void {
  for (let i = 0; i < mappings.length; i++) {
    const port = mappings[i].hostPort;
    if (mappings[i].protocol != 'udp' || !isPort(port)) continue;
    const flushed = conntrackFlush(new Obj().str('family', v6 ? 'ip6' : 'ip').str('proto', 'udp').int('dport', port));
    if (!flushed.ok) log(WARN, 'failed to delete stale UDP conntrack entries of port ' + port.toString() + ': ' + flushed.error.msg);
  }
}
