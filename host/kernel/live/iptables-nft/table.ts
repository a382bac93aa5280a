// What nf_tables is asked about a table of iptables.
// SPDX-License-Identifier: Apache-2.0

import type { Family } from '../../rule.ts';
import { beOf, type Attributes } from '../attributes.ts';
import type { NetlinkSocket } from '../netlink.ts';
import { questionsAbout, type Answer } from '../nft-questions.ts';
import { RULE } from '../nft-wire.ts';
import type { Dialect } from './dialect.ts';

export interface NftTableOfIptables { socket: NetlinkSocket; family: Family; name: string; dialect: Dialect; /** by who has read it before */ listed?: Listed }

/** Rules of chains, listed while the rule set was of this generation or later. */
export interface Listed { generation: number; rules: Map<string, KernelRule[]> }

export class KernelRule {
  private found: Buffer | undefined;

  constructor(private readonly answer: Answer) {}

  get handle(): number {
    return beOf(this.answer.part(RULE.HANDLE), 8) ?? 0;
  }

  get expressions(): Buffer {
    return (this.found ??= this.answer.part(RULE.EXPRESSIONS) ?? Buffer.alloc(0));
  }
}

const ask = ({ socket, family, name }: NftTableOfIptables) => questionsAbout(socket, family, name, `read iptables table ${family} ${name}`);

export const isThere = (table: NftTableOfIptables): boolean => ask(table).table() !== undefined;

/** Undefined when there is no such chain. */
export const chainNamed = (table: NftTableOfIptables, chain: string): Attributes | undefined => ask(table).chain(chain)?.content;

export const chainsOf = (table: NftTableOfIptables): Attributes[] => ask(table).chains().map(({ content }) => content);

/** The rules of one chain, in order; none when it is not there. */
export const rulesOf = (table: NftTableOfIptables, chain: string): KernelRule[] => ask(table).rulesOf(chain).map((answer) => new KernelRule(answer));
