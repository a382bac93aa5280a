// nf_tables over nfnetlink: reading a table, and changing it in one transaction. No nft program is needed.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { NftKernel, Ns } from '../kernel.ts';
import type { RuleFamily } from '../rule.ts';
import type { LiveContext } from './context.ts';
import { transactionOf } from './nft-commands.ts';
import { readTable } from './nft-read.ts';
import { MSG, nfgenmsg, SUBSYSTEM } from './nft-wire.ts';

/** The context keeps one netfilter socket open for each namespace: closing it after a deletion waits for a grace period (10 to 20 ms). */
export function nftKernel(context: LiveContext): NftKernel {
  return {
    unusable(ns: Ns) {
      try {
        context.netfilter(ns).request((SUBSYSTEM << 8) | MSG.GETGEN, 0, nfgenmsg(0), 'use nf_tables');
        return undefined;
      } catch (error) {
        if (error instanceof KernelError) return error.message;
        throw error;
      }
    },
    read: (ns: Ns, family: RuleFamily, table: string) => readTable(context.netfilter(ns), family, table),
    apply(ns, commands) {
      if (commands.length === 0) return;
      const { parts, actions } = transactionOf(commands);
      context.netfilter(ns).transaction(parts, actions);
    },
  };
}
