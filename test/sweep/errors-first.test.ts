// Every step of every verb is refused, with each errno that can be had there: plugins that come first in a chain.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { struck } from './outcome.ts';
import { scenesBelow } from './scenes.ts';
import { Steps } from './steps.ts';
import { errors } from './strikes.ts';
import { sweep } from './sweep.ts';

const steps = new Steps();

for (const [scene, { earlier }] of Object.entries(scenesBelow('')).filter(([name]) => !name.startsWith('the chain'))) {
  if (earlier.length > 0) continue;
  test(scene, () => sweep({ steps, scene, outcomes: (call) => struck(call, errors) }));
}

test.run();
