// Some chains of a table, and of their rules those with certain comments: a chain has the rules of all containers, and the kernel cannot be
// asked for those of one.
// SPDX-License-Identifier: Apache-2.0

import type { NftChain, NftPart, NftRule, NftTable } from '../kernel.ts';
import type { RuleFamily } from '../rule.ts';
import type { NetlinkSocket, SieveOf } from './netlink.ts';
import { questionsAbout, READ_TRIES, type Answer } from './nft-questions.ts';
import { chainOf, lateRuleOf, portsIn } from './nft-read.ts';

/** A rule that was not asked about: it has its place among those that were. */
const OTHERS: NftRule = { handle: 0 };

/** Undefined when there is no such table. */
export function readParts(socket: NetlinkSocket, family: RuleFamily, name: string, parts: readonly NftPart[]): NftTable | undefined {
  for (let tries = 1; ; tries++) {
    const ask = questionsAbout(socket, family, name, `read nft table ${family} ${name}`);
    // Of all that was answered: one when nobody changed anything meanwhile.
    const generations = new Set<number>();
    const noted = <T extends Answer | undefined>(answer: T): T => {
      if (answer) generations.add(answer.generation);
      return answer;
    };
    const toRule = (answer: Answer | undefined, comments: NftPart['comments']): NftRule => {
      const rule = noted(answer) && lateRuleOf(family, answer!.content, portsIn(socket, family, name));
      return rule && (!comments || comments.some((start) => rule.comment?.startsWith(start))) ? rule : OTHERS;
    };
    const rulesOf = ({ chain, comments }: NftPart): NftRule[] => {
      if (comments?.length === 0) return [];
      const answers = comments ? ask.rulesSifted(chain, sieveFor(comments)) : ask.rulesOf(chain);
      return answers.map((answer) => toRule(answer, comments));
    };
    const chains = parts.flatMap((part): NftChain[] => {
      const chain = noted(ask.chain(part.chain));
      return chain ? [{ ...chainOf(chain.content), rules: rulesOf(part) }] : [];
    });
    // A chain is in a table, which need not be asked for then.
    if (chains.length === 0 && !noted(ask.table())) return undefined;
    if (generations.size === 1 || tries === READ_TRIES) return { family, name, chains };
  }
}

/** A comment stands in its message as it was written, so that all that is without it need not be taken apart. */
function sieveFor(comments: readonly string[]): SieveOf {
  const starts = comments.map((one) => Buffer.from(one));
  return (datagram) => {
    const places = starts.map((start) => datagram.indexOf(start));
    let isFirst = true;
    return (from, to) => {
      const tellsGeneration = isFirst;
      isFirst = false;
      return starts.some((start, i) => {
        if (places[i]! >= 0 && places[i]! < from) places[i] = datagram.indexOf(start, from);
        return places[i]! >= 0 && places[i]! < to;
      }) || tellsGeneration;
    };
  };
}
