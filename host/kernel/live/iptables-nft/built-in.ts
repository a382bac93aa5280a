// The built-in chains of iptables' tables as iptables-nft makes them: base chains of nf_tables at the places that the legacy tables had.
// SPDX-License-Identifier: Apache-2.0

import { builtInChains } from '../../built-in-chains.ts';
import type { NftHook } from '../../kernel.ts';

/** iptables' own; that of security is not the kernel's NF_IP_PRI_SECURITY */
const PRIORITY: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 150 };
const DESTINATION_NAT = -100;
const SOURCE_NAT = 100;

/** Undefined for a chain that is not built in. */
export function builtInHook(table: string, chain: string): NftHook | undefined {
  if (!builtInChains(table).includes(chain)) return undefined;
  const hook = chain.toLowerCase();
  const type = table === 'nat' ? 'nat' : table === 'mangle' && chain === 'OUTPUT' ? 'route' : 'filter';
  return { type, hook, priority: PRIORITY[table] ?? (chain === 'PREROUTING' || chain === 'OUTPUT' ? DESTINATION_NAT : SOURCE_NAT) };
}
