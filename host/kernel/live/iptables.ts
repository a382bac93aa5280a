// iptables: over nf_tables itself where the node's programs would do that in a way we know, else through the programs.
// SPDX-License-Identifier: Apache-2.0

import { builtInChains } from '../built-in-chains.ts';
import { checkIptablesCommand } from '../iptables-text.ts';
import { isOvertaken, isRefusal } from '../kernel-error.ts';
import type { IptablesKernel, IptablesTable, Ns } from '../kernel.ts';
import type { Family } from '../rule.ts';
import type { LiveContext } from './context.ts';
import { dialects, type KnownDialects } from './iptables-nft/dialect.ts';
import { readIptablesTable } from './iptables-nft/read.ts';
import { lookedAt, type NftTableOfIptables } from './iptables-nft/table.ts';
import { restoreThroughNetlink } from './iptables-nft/write.ts';
import { iptablesPrograms } from './iptables-programs.ts';

/** The programs have the last word: they read what we cannot read, write what we cannot write, and say what is wrong with it. */
export function iptablesKernel(context: LiveContext, known?: KnownDialects): IptablesKernel {
  const programs = iptablesPrograms(context);
  const dialectOf = dialects(programs.paths, known);
  const tableOf = (ns: Ns, family: Family, name: string, generation?: number): NftTableOfIptables | undefined => {
    const dialect = builtInChains(name).length > 0 ? dialectOf(family) : undefined;
    return dialect && lookedAt({ socket: context.netfilter(ns), family, name, dialect }, generation);
  };
  // What was decided on a listing is carried out on the same: the kernel refuses it when somebody has changed anything since.
  const generations = new Map<string, number>();
  const keyOf = (ns: Ns, family: Family, name: string): string => `${context.netnsId(ns)} ${family} ${name}`;
  return {
    unusable: programs.unusable,
    has: programs.has,
    read(ns, family, name) {
      const ask = (): IptablesTable => programs.read(ns, family, name);
      return refusedIsUndefined(() => {
        const table = tableOf(ns, family, name);
        if (!table) return undefined;
        generations.set(keyOf(ns, family, name), table.generation);
        return readIptablesTable(table, ask);
      }) ?? ask();
    },
    restore(ns, family, name, commands) {
      commands.forEach(checkIptablesCommand);
      const isDone = commands.length > 0 && refusedIsUndefined(() => {
        const generation = generations.get(keyOf(ns, family, name));
        generations.delete(keyOf(ns, family, name));
        const table = tableOf(ns, family, name, generation);
        return table && restoreThroughNetlink(table, commands);
      });
      if (!isDone) programs.restore(ns, family, name, commands);
    },
  };
}

/** A kernel without nf_tables, or whatever else it says: the programs find it out again and have words for it. An answer that does not come, or is lost, is none, and who was overtaken looks again. */
function refusedIsUndefined<T>(act: () => T | undefined): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isRefusal(error) && !isOvertaken(error)) return undefined;
    throw error;
  }
}
