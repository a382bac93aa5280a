// nf_tables over nfnetlink: reading a table, and changing it in one transaction. The nft program is needed only for what is written
// in its own language.
// SPDX-License-Identifier: Apache-2.0

import { messageOf } from '../../message-of.ts';
import { isRefusal, KernelError } from '../kernel-error.ts';
import type { NftKernel, NftPart, Ns } from '../kernel.ts';
import { hasRawWords } from '../nft-raw.ts';
import type { RuleFamily } from '../rule.ts';
import type { LiveContext } from './context.ts';
import { transactionOf } from './nft-commands.ts';
import { nftProgram, runNft } from './nft-program.ts';
import { lateRuleOf, readTable, ruleOf } from './nft-read.ts';
import { generationIn } from './nft-questions.ts';
import { readParts } from './nft-read-parts.ts';

/** The context keeps one netfilter socket open for each namespace: closing it after a deletion waits for a grace period (10 to 20 ms). */
export function nftKernel(context: LiveContext): NftKernel {
  return {
    unusable(ns: Ns, raw = false) {
      try {
        generationIn(context.netfilter(ns));
        if (raw) nftProgram(context.programs, 'use nf_tables with conditions');
        return undefined;
      } catch (error) {
        // Without an answer it may be usable all the same, and hold rules of ours.
        if (isRefusal(error)) return messageOf(error);
        throw error;
      }
    },
    read: (ns: Ns, family: RuleFamily, table: string) => readTable(context.netfilter(ns), family, table, ruleOf),
    readLate: (ns: Ns, family: RuleFamily, table: string, parts?: readonly NftPart[]) =>
      (parts ? readParts(context.netfilter(ns), family, table, parts) : readTable(context.netfilter(ns), family, table, lateRuleOf)),
    generation(ns: Ns) {
      try {
        return generationIn(context.netfilter(ns));
      } catch (error) {
        if (error instanceof KernelError) return undefined;
        throw error;
      }
    },
    apply(ns, commands, generation) {
      if (commands.length === 0) return;
      if (commands.some(hasRawWords)) return runNft(context, ns, commands);
      context.netfilter(ns).commit(transactionOf(commands, generation));
    },
  };
}
