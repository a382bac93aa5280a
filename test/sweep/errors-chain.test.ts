// The whole chain is refused one step after the other. Its plugins meet every errno by themselves; here it is what becomes of those before.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { struck } from './outcome.ts';
import { scenesBelow } from './scenes.ts';
import { Steps } from './steps.ts';
import { errors } from './strikes.ts';
import { sweep } from './sweep.ts';

const steps = new Steps();

const blows = errors.filter(({ name }) => /^(EPERM instead of|ETIMEDOUT after)$/.test(name));

for (const scene of Object.keys(scenesBelow('')).filter((name) => name.startsWith('the chain'))) {
  test(scene, () => sweep({ steps, scene, outcomes: (call) => struck(call, blows) }));
}

test.run();
