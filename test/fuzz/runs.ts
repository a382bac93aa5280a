// How long to fuzz, and what everything must keep to whatever the input is.
// SPDX-License-Identifier: Apache-2.0

import type fc from 'fast-check';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';

/** `npm run fuzz` asks for many runs, each time with inputs of their own; a test run takes few, and always the same. */
const asked = Number(process.env['FUZZ_RUNS'] ?? 0);

/** `shared` by so many tests of one border, or for runs that take so many times longer; `briefly` is ms. */
export const runs = (usual: number, shared = 1, briefly = 10_000): fc.Parameters<unknown> => ({ ...(asked > 0 ? { numRuns: Math.ceil(asked / shared) } : { numRuns: usual, seed: 20_261_124 }), interruptAfterTimeLimit: asked > 0 ? 3_600_000 : briefly, markInterruptAsFailure: false, includeErrorInReport: true });

/** What `act` gives, or the CNI error it ends in; anything else that is thrown is a bug. */
export function answerOf<T>(act: () => T): { value: T } | { error: CniError } {
  try {
    return { value: act() };
  } catch (error) {
    assert.instance(error, CniError, error instanceof Error ? error.stack ?? error.message : String(error));
    const { code, message, facts } = error as CniError;
    assert.ok(Number.isSafeInteger(code) && code >= 0, `code ${code}`);
    assert.not.match(`${message}\n${facts.details ?? ''}`, /\n\s+at .+:\d+/, 'a stack trace');
    return { error: error as CniError };
  }
}
