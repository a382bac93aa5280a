// Deleting conntrack entries of a published port, so that a UDP client meets the new container and not the old one.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { field } from '../protocol/go-json.ts';
import type { Call } from './call.ts';
import { denied, isOwnAddress } from './scope.ts';

export const conntrackOps = { 'conntrack.flush': flush };

function flush(call: Call, req: Requests['conntrack.flush']): Answers['conntrack.flush'] {
  const op = 'conntrack.flush';
  const { dport, dports = [], ...of } = req;
  const ports = dport === undefined ? dports : [dport, ...dports];
  const at = `${req.proto}:${ports.join(',')}`;
  if (!call.grants.conntrack) throw denied(call, op, `of ${req.proto} ports`, { conntrack: true }, at);
  const published = publishedPorts(call);
  const foreign = req.daddr !== undefined && isOwnAddress(call, req.daddr) ? undefined : ports.find((port) => !published.has(`${req.proto} ${port}`));
  if (foreign !== undefined) throw denied(call, op, `of ${req.proto} port ${foreign}, which is neither published nor this attachment's,`, undefined, at);
  const deleted = call.kernel.conntrack.delete('host', { ...of, dports: ports });
  return deleted === undefined ? {} : { deleted };
}

/** With their protocols, by what the runtime asks for, or the operator's configuration: a service of the host has connections too. */
const publishedPorts = ({ request: { netconf: { value } } }: Call): Set<string> =>
  new Set([field(value, 'runtimeConfig'), value].flatMap((from) => field(from, 'portMappings') ?? []).map((one) => `${String(field(one, 'protocol') || 'tcp').toLowerCase()} ${String(field(one, 'hostPort'))}`));
