// A plan is carried out on the rules it was made for: when somebody has changed them since, the kernel refuses it and it is made anew.
// SPDX-License-Identifier: Apache-2.0

import { isOvertaken } from '../../kernel/kernel-error.ts';
import type { Plan } from './tables.ts';

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
      if (!isOvertaken(error) || tries === TRIES) throw error;
      intents.forEach(withdraw);
    }
  }
}
