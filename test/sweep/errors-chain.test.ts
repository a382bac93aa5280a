// The whole chain is refused one step after the other. Its plugins meet every errno by themselves; here it is what becomes of those before.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { scenesBelow } from './scenes.ts';
import { Steps } from './steps.ts';
import { errors } from './strikes.ts';
import { sweep, VERBS } from './sweep.ts';

const steps = new Steps({ watched: false });

const blows = errors.filter(({ name }) => /^(EPERM instead of|ETIMEDOUT after)$/.test(name));

for (const scene of Object.keys(scenesBelow('')).filter((name) => name.startsWith('the chain'))) {
  for (const verb of VERBS) test(`${scene}: ${verb}`, () => sweep({ steps, scene, verb, blows }));
}

test.run();
