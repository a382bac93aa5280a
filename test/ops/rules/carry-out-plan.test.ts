// A plan that somebody else's change has overtaken is made anew, and of the first one nothing stays in the journal.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeadlinePassed, withDeadline } from '../../../host/deadline.ts';
import { KernelError } from '../../../host/kernel/kernel-error.ts';
import { carryOutPlan } from '../../../host/ops/rules/carry-out-plan.ts';

/** Which intents stand in the end, when the kernel answers each try so; after the last it says the same again. */
function intentsAfter(isOutdated: boolean, answers: readonly (string | undefined)[], patience?: number): number[] {
  let made = 0;
  const standing = new Set<number>();
  const make = () => ({
    missing: [], undo: {}, isOutdated: () => isOutdated,
    carryOut() {
      const errno = answers[Math.min(made, answers.length) - 1];
      if (errno !== undefined) throw new KernelError(errno, 'nft transaction');
    },
  });
  try {
    carryOutPlan(() => (made++, make()), () => {
      standing.add(made);
      return [made];
    }, (intent) => standing.delete(intent), patience);
  } catch (error) {
    if (error instanceof DeadlinePassed) throw error;
    assert.match((error as Error).message, /EBUSY|ENOBUFS|others have changed rules in between, again and again, for 30 ms; try again \(ERESTART\)/);
    standing.add(-1);
  }
  return [...standing];
}

test('the first time', () => assert.equal(intentsAfter(true, [undefined]), [1]));
test('after others, however many they are', () => assert.equal(intentsAfter(false, [...new Array<string>(40).fill('ERESTART'), undefined]), [41]));
test('any other error is the call\'s, with what may have been done', () => assert.equal(intentsAfter(false, ['EBUSY', undefined]), [1, -1]));
test('unless others have changed something', () => assert.equal(intentsAfter(true, ['EBUSY', undefined]), [2]));
test('and it was a refusal', () => assert.equal(intentsAfter(true, ['ENOBUFS', undefined]), [1, -1]));
test('which it is not when it comes again and again', () => assert.equal(intentsAfter(true, ['EBUSY']), [5, -1]));

test('not for ever', () => {
  const [last, failure, ...more] = intentsAfter(true, ['ERESTART'], 30);
  assert.ok(last! > 0);
  assert.equal([failure, more], [-1, []]);
});

test('nor longer than a guest may run', () => {
  assert.throws(() => withDeadline(30, () => intentsAfter(true, ['ERESTART'])), (error: unknown) => error instanceof DeadlinePassed);
});

test.run();
