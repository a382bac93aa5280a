// The words of rules that we cannot read: iptables-save has them, without handles.
// SPDX-License-Identifier: Apache-2.0

import { now } from '../../../clock.ts';
import { checkDeadline } from '../../../deadline.ts';
import { once } from '../../../once.ts';
import { KernelError } from '../../kernel-error.ts';
import type { IptablesTable } from '../../kernel.ts';
import { generationIn } from '../nft-questions.ts';
import { lookedAt, rulesOf, type NftTableOfIptables } from './table.ts';

/** What iptables-save says of the table. */
export type Ask = () => IptablesTable;

/** Asks once, when the first word is wanted; undefined for a rule that iptables has no words for, or that is gone. */
export function wordsOnce(table: NftTableOfIptables, ask: Ask): (chain: string, handle: number) => string | undefined {
  const words = once(() => read(table, ask));
  return (chain, handle) => words().get(key(chain, handle));
}

const key = (chain: string, handle: number): string => `${chain} ${handle}`;

/** ms. As for a plan: on a busy node others come in between many times in a row. */
const PATIENCE = 10_000;

/** The nth line of a chain is its nth rule, if nobody changed anything while both were listed. */
function read(table: NftTableOfIptables, ask: Ask): ReadonlyMap<string, string> {
  const end = now() + PATIENCE;
  for (;;) {
    const before = lookedAt(table);
    const words = ask().chains.flatMap(({ name, rules }) => {
      const there = rulesOf(before, name);
      return rules.map(({ text }, i) => [key(name, there[i]?.handle ?? 0), text] as const);
    });
    if (generationIn(table.socket) === before.generation) return new Map(words);
    if (now() > end) throw new KernelError('EAGAIN', `read iptables table ${table.name}`, `others have changed rules meanwhile, again and again, for ${PATIENCE} ms; try again`);
    checkDeadline();
  }
}
