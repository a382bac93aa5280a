// Every step of every verb is refused, with each errno that can be had there: plugins that come first in a chain.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { scenesBelow } from './scenes.ts';
import { Steps } from './steps.ts';
import { errors } from './strikes.ts';
import { sweep, VERBS } from './sweep.ts';

const steps = new Steps({ watched: false });

for (const [scene, { earlier }] of Object.entries(scenesBelow('')).filter(([name]) => !name.startsWith('the chain'))) {
  if (earlier.length > 0) continue;
  for (const verb of VERBS) test(`${scene}: ${verb}`, () => sweep({ steps, scene, verb, blows: errors }));
}

test.run();
