// The rule tables of one call: read under a lock, planned against, changed, remembered, so that a table is read once, or again when
// somebody has changed rules since.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel, Ns } from '../../kernel/kernel.ts';
import type { Family, RuleFamily } from '../../kernel/rule.ts';
import type { Lock, Locks } from '../../ledger/locks.ts';
import type { Plan } from './carry-out-plan.ts';
import { iptablesTables } from './iptables-tables.ts';
import { listIptables, listNft, type ListedChain } from './list.ts';
import { nftTables } from './nft-tables.ts';
import type { RuleSet } from './rule-set.ts';

export type Backend = 'nft' | 'iptables';

export interface RuleTables {
  unusableIptables(ns: Ns, family: Family, table: string): string | undefined;
  list(backend: Backend, ns: Ns, family: RuleFamily, table: string): readonly ListedChain[];
  plan(backend: Backend, ns: Ns, rules: RuleSet): Plan;
  /** Gives the locks back; whoever plans again takes them again. */
  release(): void;
}

/** ms; shorter than our modules may run. With many attachments at once each waits for all before it */
const LOCK_TIMEOUT = 60_000;

export function ruleTables(kernel: Kernel, locks: Locks): RuleTables {
  const held = new Map<string, Lock>();
  // Read, decide and write must be one step among our own processes: two at once would both miss the shared chain and both add it.
  // One lock for all tables of a namespace: two calls that take several in different order would wait for each other.
  const lock = (ns: Ns): string => {
    const netns = kernel.netnsId(ns) ?? ns;
    if (!held.has(netns)) held.set(netns, locks.hold(`rules-${netns}`, 'exclusive', LOCK_TIMEOUT));
    return netns;
  };
  const nft = nftTables(kernel, lock);
  const iptables = iptablesTables(kernel, lock);
  return {
    unusableIptables: iptables.unusable,
    list: (backend, ns, family, table) => (backend === 'nft' ? listNft(nft.read(ns, family, table)) : listIptables(iptables.read(ns, family, table))),
    plan: (backend, ns, rules) => (backend === 'nft' ? nft : iptables).plan(ns, rules),
    release() {
      for (const lock of held.values()) lock.release();
      held.clear();
      nft.release();
      iptables.release();
    },
  };
}
