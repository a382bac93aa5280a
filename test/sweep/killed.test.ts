// The host is killed at every step of every verb.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { killed } from './outcome.ts';
import { scenesBelow } from './scenes.ts';
import { Steps } from './steps.ts';
import { sweep } from './sweep.ts';

const steps = new Steps();

for (const scene of Object.keys(scenesBelow(''))) {
  test(scene, () => sweep({ steps, scene, outcomes: killed, nexts: scene.startsWith('the chain') ? ['DEL', 'GC', 'ADD'] : ['DEL'] }));
}

test.run();
