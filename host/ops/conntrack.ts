// Deleting conntrack entries of a published port, so that a UDP client meets the new container and not the old one.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import type { Call } from './call.ts';
import { denied } from './scope.ts';

export const conntrackOps = { 'conntrack.flush': flush };

function flush(call: Call, req: Requests['conntrack.flush']): Answers['conntrack.flush'] {
  if (!call.grants.conntrack) throw denied(call, 'conntrack.flush', `of ${req.proto} port ${req.dport}`, { conntrack: true });
  return { deleted: call.kernel.conntrack.delete('host', req) };
}
