// What is on a node, to compare before and after the life of containers.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { has, picture, sh } from './node.ts';

/** `picture`, with what `nft` cannot show of rules made through iptables, namespaces, and files that only exist. */
export const nodeState = (): string => [
  picture(),
  ...['iptables-save', 'ip6tables-save'].filter(has).map((save) => `## ${save}\n${sh(save).replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '')}`),
  `## namespaces\n${existsSync('/run/netns') ? readdirSync('/run/netns').sort().join('\n') : ''}`,
  `## names\n${['/var/lib/cni/results', '/var/lib/cni-wasm', '/run/cni-wasm'].flatMap(names).join('\n')}`,
].join('\n');

/** Leftover lock and journal files, also empty ones. Of the leases `picture` tells; their locks stay, as the reference's do. */
function names(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? names(path) : [path];
  });
}
