// What nf_tables is asked about a table of iptables.
// SPDX-License-Identifier: Apache-2.0

import type { Family } from '../../rule.ts';
import type { Attributes } from '../attributes.ts';
import type { KernelRule } from '../kernel-rule.ts';
import type { NetfilterSocket } from '../netfilter-socket.ts';
import { questionsAbout } from '../nft-questions.ts';
import type { Dialect } from './dialect.ts';

/** `generation`: of the rule set, when the table was looked at. */
export interface NftTableOfIptables { socket: NetfilterSocket; family: Family; name: string; dialect: Dialect; generation: number }

/** As it is now, when no generation is given. */
export function lookedAt(table: Omit<NftTableOfIptables, 'generation'>, generation?: number): NftTableOfIptables {
  return { ...table, generation: generation ?? table.socket.begin() };
}

const ask = ({ socket, family, name }: NftTableOfIptables) => questionsAbout(socket, family, name, `read iptables table ${family} ${name}`);

export const isThere = (table: NftTableOfIptables): boolean => ask(table).table() !== undefined;

/** Undefined when there is no such chain. */
export const chainNamed = (table: NftTableOfIptables, chain: string): Attributes | undefined => ask(table).chain(chain)?.content;

export const chainsOf = (table: NftTableOfIptables): Attributes[] => ask(table).chains().map(({ content }) => content);

/** The rules of one chain, in order; none when it is not there. Those of this generation, or of a later one. */
export function rulesOf(table: NftTableOfIptables, chain: string): readonly KernelRule[] {
  const { socket: { known }, generation, family, name } = table;
  const place = { family, table: name, chain };
  return (known.rulesOf(generation, place) ?? known.keepRules(generation, place, ask(table).rulesOf(chain))).inOrder;
}
