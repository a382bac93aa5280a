// The nf_tables tables of one call: what was read or written is remembered for as long as nobody else has changed rules.
// SPDX-License-Identifier: Apache-2.0

import { applyToNft } from '../../kernel/apply-to-nft.ts';
import type { Kernel, NftCommand, NftTable, Ns } from '../../kernel/kernel.ts';
import type { RuleFamily } from '../../kernel/rule.ts';
import { once } from '../../once.ts';
import type { Plan } from './carry-out-plan.ts';
import { holds, partsOf, type Parts } from './parts.ts';
import { planNft } from './plan-nft.ts';
import type { RuleSet } from './rule-set.ts';

export interface NftTables {
  read(ns: Ns, family: RuleFamily, table: string): NftTable | undefined;
  plan(ns: Ns, rules: RuleSet): Plan;
  /** The lock was given back: what is remembered is compared before it is used again. */
  release(): void;
}

/** Such a command may mean rules that came after the table was read; an addition does not. */
const takesAway = (command: NftCommand): boolean => /^(delete|flush)/.test(command.do);

/** `lock` makes sure of the rules of a namespace, and says which it is. */
export function nftTables({ nft }: Pick<Kernel, 'nft'>, lock: (ns: Ns) => string): NftTables {
  const known = new Map<string, { parts: Parts; table(): NftTable | undefined }>();
  /** of nf_tables in each namespace, as it is when nobody else changes anything */
  const generations = new Map<string, number | undefined>();
  /** since its lock was taken */
  const compared = new Set<string>();

  const keyOf = (netns: string, family: RuleFamily, table: string): string => `${netns} ${family} ${table}`;
  /** Of what was read under an earlier lock, only what nobody has changed counts. */
  const forgetOutdated = (ns: Ns, netns: string): void => {
    if (compared.has(netns)) return;
    compared.add(netns);
    const now = nft.generation(ns);
    if (now === undefined || now !== generations.get(netns)) for (const key of [...known.keys()].filter((one) => one.startsWith(`${netns} `))) known.delete(key);
    generations.set(netns, now);
  };
  const read = (ns: Ns, family: RuleFamily, name: string, parts?: Parts): NftTable | undefined => {
    const netns = lock(ns);
    forgetOutdated(ns, netns);
    const key = keyOf(netns, family, name);
    const before = known.get(key);
    if (before && holds(before.parts, parts)) return before.table();
    const table = nft.readLate(ns, family, name, parts);
    known.set(key, { parts: table && parts, table: () => table });
    return table;
  };
  const plan = (ns: Ns, rules: RuleSet): Plan => {
    const netns = lock(ns);
    const key = keyOf(netns, rules.family, rules.table);
    const before = read(ns, rules.family, rules.table, partsOf(rules));
    const { parts } = known.get(key)!;
    const made = planNft(before, rules);
    const { commands } = made;
    const generation = generations.get(netns);
    // A rule added in this call has a handle of the kernel's own that only reading shows.
    if (commands.some((command) => command.do === 'delete rule' && command.handle < 0) && known.delete(key)) return plan(ns, rules);
    return {
      get undo() { return made.undo; },
      get missing() { return made.missing; },
      carryOut() {
        if (commands.length === 0) return;
        // What a failure says is that the table is not as it was read.
        known.delete(key);
        compared.delete(netns);
        nft.apply(ns, commands, commands.some(takesAway) ? generation : undefined);
        compared.add(netns);
        generations.set(netns, (generation ?? 0) + 1);
        // Mostly nobody asks again.
        known.set(key, { parts, table: once(() => applyToNft(before, commands)) });
      },
      isOutdated: () => nft.generation(ns) !== generation,
    };
  };
  return { read, plan, release: () => compared.clear() };
}
