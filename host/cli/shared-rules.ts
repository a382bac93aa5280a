// Chains and tables that our plugins make for all networks of a node: no record lists them, since nobody's DEL takes them away.
// SPDX-License-Identifier: Apache-2.0

import type { Grants, Manifest } from '../grant/grants.ts';
import { covers, isOfAttachment } from '../grant/patterns.ts';

/** Names of the plugins that share what is called so. A word is looked for as an iptables chain, as an nft table, and as the last words of its name. */
export const sharersOf = (question: string, manifests: readonly Pick<Manifest, 'name' | 'wants'>[]): string[] =>
  manifests.filter(({ wants }) => sharedNames(wants).some((pattern) => covers(pattern, question) || pattern.split(' ').at(-1) === question)).map(({ name }) => name);

const sharedNames = ({ iptables = {}, nft = [] }: Partial<Grants>): string[] =>
  [...Object.values(iptables).flatMap(({ chains }) => chains), ...nft.filter((name) => name.split(' ').length === 2)].filter((pattern) => !isOfAttachment(pattern) && !pattern.startsWith('{'));
