// A plan is carried out on the rules it was made for: when it is refused and somebody has changed them since, it is made anew.
// SPDX-License-Identifier: Apache-2.0

import { now } from '../../clock.ts';
import { checkDeadline } from '../../deadline.ts';
import { isOvertaken, isRefusal, KernelError } from '../../kernel/kernel-error.ts';
import type { Missing, RuleUndo } from './rule-set.ts';

export interface Plan {
  readonly missing: Missing[];
  readonly undo: RuleUndo;
  carryOut(): void;
  /** Has anybody changed rules since those were read that it was made for? False where nobody counts. */
  isOutdated(): boolean;
}

/** ms. On a busy node others come in between many times in a row; someone who changes rules all the time must not keep us busy for ever. */
const PATIENCE = 10_000;
/** What is refused for a reason of its own each time is not so because of others. */
const OTHER_REFUSALS = 5;

/** `intend` writes the plan's inverses into the journal; those of a plan that was refused are withdrawn. */
export function carryOutPlan(make: () => Plan, intend: (plan: Plan) => readonly number[] = () => [], withdraw: (intent: number) => void = () => undefined, patience = PATIENCE): void {
  const end = now() + patience;
  for (let others = 1; ;) {
    const plan = make();
    const intents = intend(plan);
    try {
      return plan.carryOut();
    } catch (error) {
      if (error instanceof KernelError && isOvertaken(error)) {
        if (now() >= end) throw new KernelError(error.errno, error.action, `others have changed rules in between, again and again, for ${patience} ms; try again`);
        // A chain that others have taken away is missed whether or not the plan depends on what was read.
      } else if (!isRefusal(error) || !plan.isOutdated() || others++ === OTHER_REFUSALS) throw error;
      intents.forEach(withdraw);
      checkDeadline();
    }
  }
}
