// A plan that somebody else's change has overtaken is made anew, and of the first one nothing stays in the journal.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../../host/kernel/kernel-error.ts';
import { carryOutPlan } from '../../../host/ops/rules/carry-out-plan.ts';

/** Which intents stand in the end, when the kernel answers each try so. */
function intentsAfter(isOutdated: boolean, ...answers: (string | undefined)[]): number[] {
  let made = 0;
  const standing = new Set<number>();
  const make = () => ({
    missing: [], undo: {}, isOutdated: () => isOutdated,
    carryOut() {
      const errno = answers[made - 1];
      if (errno !== undefined) throw new KernelError(errno, 'nft transaction');
    },
  });
  try {
    carryOutPlan(() => (made++, make()), () => {
      standing.add(made);
      return [made];
    }, (intent) => standing.delete(intent));
  } catch (error) {
    assert.match((error as Error).message, /ERESTART|EBUSY|ENOBUFS/);
    standing.add(-1);
  }
  return [...standing];
}

test('the first time', () => assert.equal(intentsAfter(true, undefined), [1]));
test('after others', () => assert.equal(intentsAfter(false, 'ERESTART', 'ERESTART', undefined), [3]));
test('any other error is the call\'s, with what may have been done', () => assert.equal(intentsAfter(false, 'EBUSY', undefined), [1, -1]));
test('unless others have changed something', () => assert.equal(intentsAfter(true, 'EBUSY', undefined), [2]));
test('and it was a refusal', () => assert.equal(intentsAfter(true, 'ENOBUFS', undefined), [1, -1]));
test('not for ever', () => {
  for (const errno of ['ERESTART', 'EBUSY']) assert.equal(intentsAfter(true, ...new Array<string>(9).fill(errno)), [5, -1]);
});

test.run();
