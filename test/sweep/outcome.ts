// How a call can end: well, in an error after one of its steps was struck, or not at all, since its host was killed.
// SPDX-License-Identifier: Apache-2.0

import type { FakeNode } from '../support/fake-host.ts';
import { momentOf, type Moment } from './moment.ts';
import type { Step, Steps, Strike } from './steps.ts';
import type { Blow } from './strikes.ts';

/** What is struck: one call on a node. */
export interface Call { steps: Steps; node: FakeNode; run(): void }

export interface Outcome {
  /** nothing happened to the call that came to its end */
  struck?: { how: string; step: Step; number: number };
  /** what the host answered, if it is one */
  error?: unknown;
  killed?: true;
  /** what it left */
  left: Moment;
}

/** The whole call, and then one for each step and each blow that meets it. */
export function* struck(call: Call, blows: readonly Blow[]): Generator<Outcome> {
  const begun = momentOf(call.node);
  const steps: Step[] = [];
  yield outcome(call, (step) => {
    steps.push(step);
    return step.act();
  });
  for (const [number, step] of steps.entries()) {
    for (const { name: how, strike } of blows.filter(({ meets }) => meets(step))) {
      begun.comeBack();
      let now = 0;
      yield { struck: { how, step, number }, ...outcome(call, (one) => (now++ === number ? strike(one) : one.act())) };
    }
  }
}

/**
 * A host that is killed leaves kernel and disk as they are, so that one call shows what all of them leave: before each change, which is after
 * the one before, and in the middle of each write. A step that only reads is neither, and nothing else reaches the node.
 */
export function killed(call: Call): Outcome[] {
  const { steps, node } = call;
  const kills: Outcome[] = [];
  const keep = (how: string, step: Step): void => void kills.push({ struck: { how, step, number: kills.length }, killed: true, left: steps.run(() => momentOf(node)) });
  const whole = outcome(call, (step) => {
    if (!step.changes) return step.act();
    keep('killed before', step);
    if (!step.cut) return step.act();
    const goOn = steps.run(step.cut);
    keep('killed in the middle of', step);
    return goOn();
  });
  return [...kills, whole];
}

function outcome({ steps, node, run }: Call, strike: Strike): Outcome {
  let error: unknown;
  try {
    steps.run(run, strike);
  } catch (thrown) {
    error = thrown;
  }
  return { error, left: momentOf(node) };
}
