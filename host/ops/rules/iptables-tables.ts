// The iptables tables of one call: nothing counts the changes of the old iptables, so they are remembered no longer than the lock is held.
// SPDX-License-Identifier: Apache-2.0

import { applyToIptables } from '../../kernel/apply-to-iptables.ts';
import { isRefusal, WrongValue } from '../../kernel/kernel-error.ts';
import type { IptablesTable, Kernel, Ns } from '../../kernel/kernel.ts';
import { isFamily, type Family, type RuleFamily } from '../../kernel/rule.ts';
import { messageOf } from '../../message-of.ts';
import type { Plan } from './carry-out-plan.ts';
import { planIptables } from './plan-iptables.ts';
import type { RuleSet } from './rule-set.ts';

export interface IptablesTables {
  /** undefined: it can be used; else why not. */
  unusable(ns: Ns, family: Family, table: string): string | undefined;
  /** Throws EINVAL for a family that is nft's only, as plan does. */
  read(ns: Ns, family: RuleFamily, table: string): IptablesTable;
  plan(ns: Ns, rules: RuleSet): Plan;
  /** The lock was given back. */
  release(): void;
}

/** `lock` makes sure of the rules of a namespace, and says which it is. */
export function iptablesTables({ iptables, nft }: Pick<Kernel, 'iptables' | 'nft'>, lock: (ns: Ns) => string): IptablesTables {
  const known = new Map<string, IptablesTable>();
  const keyOf = (ns: Ns, family: Family, table: string): string => `${lock(ns)} ${family} ${table}`;
  const read = (ns: Ns, asked: RuleFamily, name: string): IptablesTable => {
    const family = ofIptables(asked);
    const key = keyOf(ns, family, name);
    const table = known.get(key) ?? iptables.read(ns, family, name);
    known.set(key, table);
    return table;
  };
  return {
    // The program may be there and the kernel's table not; only reading shows it, and what was read is needed next anyway.
    unusable(ns, family, table) {
      const missing = iptables.unusable(ns, family);
      if (missing !== undefined) return missing;
      try {
        read(ns, family, table);
        return undefined;
      } catch (error) {
        // Without an answer it may be usable all the same.
        if (isRefusal(error)) return messageOf(error);
        throw error;
      }
    },
    read,
    plan(ns, rules) {
      const family = ofIptables(rules.family);
      const key = keyOf(ns, family, rules.table);
      const before = read(ns, family, rules.table);
      const made = planIptables(before, rules, (chain, rule) => iptables.has(ns, family, rules.table, chain, rule));
      const { commands } = made;
      return {
        get undo() { return made.undo; },
        get missing() { return made.missing; },
        carryOut() {
          if (commands.length === 0) return;
          known.delete(key);
          iptables.restore(ns, family, rules.table, commands);
          // What is read chain by chain is sooner read again than worked out.
          if (!before.chainNamed) known.set(key, applyToIptables(before, commands));
        },
        isOutdated: () => before.generation !== undefined && nft.generation(ns) !== before.generation,
      };
    },
    release: () => known.clear(),
  };
}

function ofIptables(family: RuleFamily): Family {
  if (!isFamily(family)) throw new WrongValue(`use iptables for family ${family}`, 'it is nft\'s only; give ip or ip6');
  return family;
}
