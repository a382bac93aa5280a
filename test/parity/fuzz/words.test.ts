// What both sides say where both fail: scenes that are always the same ones, since nobody has seen all the ways in which two programs can word one thing.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { REFERENCE_191, skip } from '../../support/node.ts';
import { Match } from '../play.ts';
import { Twins } from '../twin.ts';
import { scene, type Scene } from './scenes.ts';
import { Verdict } from './verdict.ts';
import { saysTheSame } from './words.ts';

if (!existsSync(`${REFERENCE_191}/bridge`)) skip(`no reference plugins 1.9.1 in ${REFERENCE_191}`);

const SEEDS = [1, 2];
const SCENES = 20;
const twins = new Twins();
let compared = 0;

for (const seed of SEEDS) {
  test(`errors of the scenes of seed ${seed} say the same`, async () => {
    const complaints: string[] = [];
    for (const one of fc.sample(scene, { seed, numRuns: SCENES })) complaints.push(...await complaintsOf(one));
    assert.is(complaints.join('\n'), '');
  });
}

async function complaintsOf({ steps, disturbing }: Scene): Promise<string[]> {
  const match = new Match({ name: '', steps }, await twins.untouchedOnes());
  const complaints: string[] = [];
  let disturbed = false;
  for (const step of steps) {
    disturbed ||= disturbing.has(step);
    // What they leave behind is compared with other scenes.
    await match.play('verb' in step ? { ...step, later: true } : step);
    if (!('verb' in step)) continue;
    const verdict = new Verdict(step, disturbed, match.said);
    const words = verdict.words;
    if (words) compared++;
    if (words && !saysTheSame(...words)) complaints.push(`${step.verb}: the reference says ${words[0]}\n${step.verb}: ours says ${words[1]}`);
    if (verdict.isEnd) break;
  }
  return complaints;
}

test('another address, and another reason, are not the same', () => {
  const exists = (address: string): string => `failed to add IP addr {Interface:0xc0 Address:{IP:${address} Mask:ffffff00} Gateway:<nil>} to "eth0": file exists`;
  const ours = (errno: string): string => `failed to add IP addr 192.0.2.5/24 to "eth0": add address 192.0.2.5/24 to interface "eth0" (2): no (${errno})`;
  assert.ok(saysTheSame(exists('192.0.2.5'), ours('EEXIST')));
  assert.not(saysTheSame(exists('192.0.2.6'), ours('EEXIST')));
  assert.not(saysTheSame(exists('192.0.2.5'), ours('EINVAL')));
});

test.after(() => twins.close());
test.after(() => console.log(`${compared} errors of random scenes compared with the reference's`));
test.run();
