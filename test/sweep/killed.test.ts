// The host is killed at every step of every verb.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { scenesBelow } from './scenes.ts';
import { Steps } from './steps.ts';
import { kills } from './strikes.ts';
import { sweep, VERBS } from './sweep.ts';

const steps = new Steps({ watched: false });

for (const scene of Object.keys(scenesBelow(''))) {
  for (const verb of VERBS) {
    for (const next of scene.startsWith('the chain') ? ['DEL', 'GC', 'ADD'] as const : ['DEL'] as const) test(`${scene}: ${verb}, then ${next}`, () => sweep({ steps, scene, verb, blows: kills(steps), next }));
  }
}

test.run();
