// Carries out a rule set that takes another one back; whatever of it is gone already is fine.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel, Ns } from '../../kernel/kernel.ts';
import { isFamily } from '../../kernel/rule.ts';
import { carryOutPlan } from './carry-out-plan.ts';
import type { Backend, RuleTables } from './tables.ts';
import type { RuleSet } from './rule-set.ts';

export function undoRules(kernel: Kernel, tables: RuleTables, backend: Backend, ns: Ns, rules: RuleSet): void {
  const { family } = rules;
  const gone = backend === 'nft' ? kernel.nft.unusable(ns) : isFamily(family) ? kernel.iptables.unusable(ns, family) : 'no such family';
  // Without its program or kernel part the backend can hold no rules of ours to be taken back by us.
  if (gone === undefined) carryOutPlan(() => tables.plan(backend, ns, rules));
}
