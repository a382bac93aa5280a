// A plan is carried out on the rules it was made for: when it is refused and somebody has changed them since, it is made anew.
// SPDX-License-Identifier: Apache-2.0

import { isOvertaken, isRefusal } from '../../kernel/kernel-error.ts';
import type { Missing, RuleUndo } from './rule-set.ts';

export interface Plan {
  readonly missing: Missing[];
  readonly undo: RuleUndo;
  carryOut(): void;
  /** Has anybody changed rules since those were read that it was made for? False where nobody counts. */
  isOutdated(): boolean;
}

/** Someone who changes rules all the time must not keep us busy for ever. */
const TRIES = 5;

/** `intend` writes the plan's inverses into the journal; those of a plan that was refused are withdrawn. */
export function carryOutPlan(make: () => Plan, intend: (plan: Plan) => readonly number[] = () => [], withdraw: (intent: number) => void = () => undefined): void {
  for (let tries = 1; ; tries++) {
    const plan = make();
    const intents = intend(plan);
    try {
      return plan.carryOut();
    } catch (error) {
      // A chain that others have taken away is missed whether or not the plan depends on what was read.
      const isOutdated = isOvertaken(error) || (isRefusal(error) && plan.isOutdated());
      if (!isOutdated || tries === TRIES) throw error;
      intents.forEach(withdraw);
    }
  }
}
