// Scenes that nobody thought of, played on the twin of the tables: both sides say the same and leave the same, or it is known why not.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runs } from '../../fuzz/runs.ts';
import { REFERENCE_191, skip } from '../../support/node.ts';
import type { ListStep } from '../case.ts';
import type { Difference } from '../compare.ts';
import { ALLOWED } from '../differences.ts';
import { Match } from '../play.ts';
import { Twins } from '../twin.ts';
import { scene, type Scene } from './scenes.ts';
import { Verdict } from './verdict.ts';

if (!existsSync(`${REFERENCE_191}/bridge`)) skip(`no reference plugins 1.9.1 in ${REFERENCE_191}`);

/** Not those that allow whatever the reference says. */
const ROWS = Object.keys(ALLOWED).filter((row) => row !== 'prev-result' && row !== 'nil-route');
const twins = new Twins();
let played = 0;

test('any scene', async () => {
  // What fast-check interrupts goes on beside whatever follows, and opens twins that nobody closes: a scene that was begun is played to its end.
  const { interruptAfterTimeLimit: time, ...parameters } = runs(25, 50, 25_000);
  const end = performance.now() + time!;
  await fc.assert(fc.asyncProperty(scene, async (one) => {
    if (performance.now() > end) return;
    const complaints = (await complaintsOf(one)).join('\n');
    assert.is(complaints, '', complaints);
  }), parameters);
});

async function complaintsOf({ steps, disturbing }: Scene): Promise<string[]> {
  const match = new Match({ name: '', steps, differs: ROWS }, await twins.untouchedOnes());
  const added = new Set<string>();
  let disturbed = false;
  for (const step of steps) {
    disturbed ||= disturbing.has(step);
    const strangeIn = (found: readonly Difference[]): Difference[] => verdict().left(found);
    const verdict = (): Verdict => new Verdict(step, disturbed, match.said);
    const found = await match.play(step, strangeIn);
    const strange = strangeIn(found);
    played++;
    if (strange.length > 0) return [`after step ${steps.indexOf(step) + 1}: ${match.said.join(' --- ')}`, ...strange.map(({ text }) => text)];
    // What a runtime does then; of an attachment that was there the DEL takes away more than the ADD has left.
    if ('verb' in step && verdict().isFailedAdd && !added.has(nameOf(step))) return afterFailed(step, match);
    if (verdict().isEnd) break;
    if ('verb' in step && step.verb === 'ADD') added.add(nameOf(step));
  }
  return [];
}

const nameOf = ({ list, containerId, ifname }: ListStep): string => [list.name, containerId, ifname].join(' ');

async function afterFailed(add: ListStep, match: Match): Promise<string[]> {
  const before = new Verdict(add, false, match.said);
  const del: ListStep = { ...add, verb: 'DEL', forget: true };
  const strangeIn = (found: readonly Difference[]): Difference[] => (new Verdict(del, false, match.said).isDone ? before.leftByOurs(found) : []);
  const strange = strangeIn(await match.play(del, strangeIn));
  played++;
  return strange.length > 0 ? [`after the DEL of an ADD that failed: ${match.said.join(' --- ')}`, ...strange.map(({ text }) => text)] : [];
}

test.after(() => twins.close());
test.after(() => console.log(`${played} steps of random scenes compared with the reference`));
test.run();
