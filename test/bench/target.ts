// The container that is attached.
// SPDX-License-Identifier: Apache-2.0

import type { Target } from '../../host/cli/run-conflist.ts';
import type { Mode } from './modes.ts';

/** With one mapping it is that of a container that stays; two, one for each protocol, is what the chain is measured with. */
export function targetFor({ path }: Mode, { id, port = 20_000 }: { id: string; port?: number }, netns: string, env: Readonly<Record<string, string>>, mappings = 2): Target {
  return {
    containerId: id, netns, ifname: 'eth0', path: [path], env,
    capabilityArgs: {
      portMappings: Array.from({ length: mappings }, (_, i) => ({ hostPort: port + i, containerPort: 80 + i, protocol: i % 2 === 0 ? 'tcp' : 'udp' })),
      bandwidth: { ingressRate: 1e8, ingressBurst: 1e7, egressRate: 1e8, egressBurst: 1e7 },
    },
  };
}
