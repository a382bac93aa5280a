// Some chains of a table, and of their rules those with certain comments: a chain has the rules of all containers, and the kernel cannot be
// asked for those of one.
// SPDX-License-Identifier: Apache-2.0

import type { NftChain, NftPart, NftRule, NftTable } from '../kernel.ts';
import type { RuleFamily } from '../rule.ts';
import type { Place } from './known-chains.ts';
import type { NetfilterSocket } from './netfilter-socket.ts';
import type { Answer } from './nft-answer.ts';
import { questionsAbout, READ_TRIES } from './nft-questions.ts';
import { chainOf, portsIn } from './nft-read.ts';

/** Rules that were not asked about: they have their place among those that were. */
const OTHERS: NftRule = { handle: 0 };

/** Undefined when there is no such table. */
export function readParts(socket: NetfilterSocket, family: RuleFamily, name: string, parts: readonly NftPart[]): NftTable | undefined {
  const { known } = socket;
  const ask = questionsAbout(socket, family, name, `read nft table ${family} ${name}`);
  const placeOf = (chain: string): Place => ({ family, table: name, chain });
  for (let tries = 1; ; tries++) {
    const generation = socket.begin();
    // When nobody changed anything meanwhile.
    let isOfOne = true;
    const portsOf = portsIn(socket, family, name, (answer) => { isOfOne &&= answer?.isOf(generation) ?? false; });
    const noted = <T extends Answer | undefined>(answer: T): T => {
      isOfOne &&= answer?.isOf(generation) ?? true;
      return answer;
    };
    const chainNamed = (chain: string): Answer | undefined => {
      const place = placeOf(chain);
      const before = known.chain(generation, place);
      if (before) return before;
      const now = noted(ask.chain(chain));
      known.keepChain(generation, place, now);
      return now;
    };
    const rulesOf = ({ chain, comments }: NftPart): NftRule[] => {
      if (comments?.length === 0) return [];
      const place = placeOf(chain);
      const rules = known.rulesOf(generation, place) ?? known.keepRules(generation, place, ask.rulesOf(chain).map(noted));
      return (comments ? rules.commented(comments) : rules.inOrder).map((rule) => rule?.inNft(family, portsOf) ?? OTHERS);
    };
    const chains = parts.flatMap((part): NftChain[] => {
      const chain = chainNamed(part.chain);
      return chain ? [{ ...chainOf(chain.content), rules: rulesOf(part) }] : [];
    });
    // A chain is in a table, which need not be asked for then.
    if (chains.length === 0 && !noted(ask.table())) return undefined;
    if (isOfOne || tries === READ_TRIES) return { family, name, chains };
  }
}
