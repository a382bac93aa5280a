// The rule tables of one call: read under a lock, planned against, changed, remembered, so that a table is read once, or again when
// somebody has changed rules since.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel, Ns, NftCommand, NftTable, IptablesTable } from '../../kernel/kernel.ts';
import { isRefusal } from '../../kernel/kernel-error.ts';
import type { Family, RuleFamily } from '../../kernel/rule.ts';
import type { Lock, Locks } from '../../ledger/locks.ts';
import { once } from '../../once.ts';
import { applyToIptables } from './apply-to-iptables.ts';
import { applyToNft } from './apply-to-nft.ts';
import { listIptables, listNft, type ListedChain } from './list.ts';
import { holds, partsOf, type Parts } from './parts.ts';
import { planIptables } from './plan-iptables.ts';
import { planNft } from './plan-nft.ts';
import type { Missing, RuleSet, RuleUndo } from './rule-set.ts';

export type Backend = 'nft' | 'iptables';

export interface Plan {
  readonly missing: Missing[];
  readonly undo: RuleUndo;
  carryOut(): void;
  /** Has anybody changed rules since those were read that it was made for? False where nobody counts. */
  isOutdated(): boolean;
}

export interface RuleTables {
  unusableIptables(ns: Ns, family: Family, table: string): string | undefined;
  list(backend: Backend, ns: Ns, family: RuleFamily, table: string): readonly ListedChain[];
  plan(backend: Backend, ns: Ns, rules: RuleSet): Plan;
  /** Gives the locks back; whoever plans again takes them again. */
  release(): void;
}

/** ms; shorter than our modules may run. With many attachments at once each waits for all before it */
const LOCK_TIMEOUT = 60_000;

/** Such a command may mean rules that came after the table was read; an addition does not. */
const takesAway = (command: NftCommand): boolean => /^(delete|flush)/.test(command.do);

export function ruleTables(kernel: Kernel, locks: Locks): RuleTables {
  const held = new Map<string, Lock>();
  const nft = new Map<string, { parts: Parts; table(): NftTable | undefined }>();
  const iptables = new Map<string, IptablesTable>();
  /** of nf_tables in each namespace, as it is when nobody else changes anything */
  const generations = new Map<string, number | undefined>();
  /** since its lock was taken */
  const compared = new Set<string>();

  const netnsOf = (ns: Ns): string => kernel.netnsId(ns) ?? ns;
  // Read, decide and write must be one step among our own processes: two at once would both miss the shared chain and both add it.
  // One lock for all tables of a namespace: two calls that take several in different order would wait for each other.
  const lock = (netns: string): void => {
    if (!held.has(netns)) held.set(netns, locks.hold(`rules-${netns}`, 'exclusive', LOCK_TIMEOUT));
  };
  const keyOf = (backend: Backend, ns: Ns, family: RuleFamily, table: string): string => {
    const netns = netnsOf(ns);
    lock(netns);
    return `${backend} ${netns} ${family} ${table}`;
  };
  /** Of what was read under an earlier lock, only what nobody has changed counts. */
  const forgetOutdated = (ns: Ns): void => {
    const netns = netnsOf(ns);
    if (compared.has(netns)) return;
    compared.add(netns);
    const now = kernel.nft.generation(ns);
    if (now === undefined || now !== generations.get(netns)) for (const key of [...nft.keys()].filter((one) => one.startsWith(`nft ${netns} `))) nft.delete(key);
    generations.set(netns, now);
  };
  const readNft = (ns: Ns, family: RuleFamily, name: string, parts?: Parts): NftTable | undefined => {
    const key = keyOf('nft', ns, family, name);
    forgetOutdated(ns);
    const known = nft.get(key);
    if (known && holds(known.parts, parts)) return known.table();
    const table = kernel.nft.readLate(ns, family, name, parts);
    nft.set(key, { parts: table && parts, table: () => table });
    return table;
  };
  const readIptables = (ns: Ns, family: Family, table: string): IptablesTable => {
    const key = keyOf('iptables', ns, family, table);
    const known = iptables.get(key) ?? kernel.iptables.read(ns, family, table);
    iptables.set(key, known);
    return known;
  };
  const planForNft = (ns: Ns, rules: RuleSet): Plan => {
    const key = keyOf('nft', ns, rules.family, rules.table);
    const before = readNft(ns, rules.family, rules.table, partsOf(rules));
    const { parts } = nft.get(key)!;
    const plan = planNft(before, rules);
    const { commands } = plan;
    const generation = generations.get(netnsOf(ns));
    // A rule added in this call has a handle of the kernel's own that only reading shows.
    if (commands.some((command) => command.do === 'delete rule' && command.handle < 0) && nft.delete(key)) return planForNft(ns, rules);
    return {
      get undo() { return plan.undo; },
      get missing() { return plan.missing; },
      carryOut() {
        if (commands.length === 0) return;
        const netns = netnsOf(ns);
        // What a failure says is that the table is not as it was read.
        nft.delete(key);
        compared.delete(netns);
        kernel.nft.apply(ns, commands, commands.some(takesAway) ? generation : undefined);
        compared.add(netns);
        generations.set(netns, (generation ?? 0) + 1);
        // Mostly nobody asks again.
        nft.set(key, { parts, table: once(() => applyToNft(before, commands)) });
      },
      isOutdated: () => kernel.nft.generation(ns) !== generation,
    };
  };
  const planForIptables = (ns: Ns, rules: RuleSet & { family: Family }): Plan => {
    const key = keyOf('iptables', ns, rules.family, rules.table);
    const before = readIptables(ns, rules.family, rules.table);
    const plan = planIptables(before, rules, (chain, rule) => kernel.iptables.has(ns, rules.family, rules.table, chain, rule));
    const { lines } = plan;
    return {
      get undo() { return plan.undo; },
      get missing() { return plan.missing; },
      carryOut() {
        if (lines.length === 0) return;
        iptables.delete(key);
        kernel.iptables.restore(ns, rules.family, rules.table, lines);
        // What is read chain by chain is sooner read again than worked out.
        if (!before.chainNamed) iptables.set(key, applyToIptables(before, lines));
      },
      isOutdated: () => before.generation !== undefined && kernel.nft.generation(ns) !== before.generation,
    };
  };
  return {
    // The program may be there and the kernel's table not; only reading shows it, and what was read is needed next anyway.
    unusableIptables(ns, family, table) {
      const missing = kernel.iptables.unusable(ns, family);
      if (missing !== undefined) return missing;
      try {
        readIptables(ns, family, table);
        return undefined;
      } catch (error) {
        // Without an answer it may be usable all the same.
        if (isRefusal(error)) return (error as Error).message;
        throw error;
      }
    },
    list: (backend, ns, family, table) => (backend === 'nft' ? listNft(readNft(ns, family, table)) : listIptables(readIptables(ns, family as Family, table))),
    plan: (backend, ns, rules) => (backend === 'nft' ? planForNft(ns, rules) : planForIptables(ns, rules as RuleSet & { family: Family })),
    release() {
      for (const lock of held.values()) lock.release();
      held.clear();
      compared.clear();
      // Nothing counts the changes of the old iptables.
      iptables.clear();
    },
  };
}
