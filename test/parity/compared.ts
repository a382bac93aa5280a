// A table of cases as a test file: each played on the twin, and the number said at the end.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { REFERENCE_191, skip } from '../support/node.ts';
import type { Case } from './case.ts';
import { play } from './play.ts';
import { rowsIn } from './rows-of-cases.ts';
import { Twins } from './twin.ts';

/** PARITY_ONLY=words plays those whose names contain them. */
export function compared(cases: readonly Case[]): void {
  if (!existsSync(`${REFERENCE_191}/bridge`)) skip(`no reference plugins 1.9.1 in ${REFERENCE_191}`);
  const only = process.env['PARITY_ONLY'];
  const twins = new Twins();
  for (const one of cases.filter(({ name }) => !only || name.includes(only))) {
    test(one.name, async () => {
      assert.is((await play({ ...one, differs: rowsIn(one) }, await twins.untouchedOnes())).join('\n'), '');
    });
  }
  test.after(() => twins.close());
  test.after(() => console.log(`${cases.length} configurations compared with the reference`));
  test.run();
}
