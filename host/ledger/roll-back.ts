// Taking back: a list of undos in reverse order, going on after errors and reporting them all.
// SPDX-License-Identifier: Apache-2.0

import type { Lock } from './locks.ts';
import { messageOf } from '../message-of.ts';
import { onlyTakesAway, together } from '../ops/rules/together.ts';
import { carryOut, type Inverse, type Undo, type UndoTools } from './undo.ts';

export interface Residue { undo: Undo; why: string; error: unknown }

/**
 * Everything, for a failed or killed ADD. What the whole network shares is taken back only when nobody else can use it: no other call of the
 * network is under way, which a shared lock on it shows, and nobody has come since it was made, which `isUsed` says.
 */
export function rollBack(undos: readonly Undo[], tools: UndoTools, network: Lock, isUsed: () => boolean): Residue[] {
  const shared = undos.some(({ life }) => life === 'network') && (!network.tryExclusive() || isUsed());
  return takeBack(shared ? undos.filter(({ life }) => life !== 'network') : undos, tools);
}

/** In reverse; what could not be taken back. */
export const takeBack = (undos: readonly Undo[], tools: UndoTools): Residue[] => inRuns(undos.toReversed()).flatMap((run) => takeBackRun(run, tools));

function takeBackRun(run: readonly Undo[], tools: UndoTools): Residue[] {
  const [undo, ...others] = run as [Undo];
  try {
    carryOut(asOne(run.map(({ inverse }) => inverse)), tools);
    return [];
  } catch (error) {
    if (others.length === 0) return [{ undo, why: messageOf(error), error }];
    // It may have been too much at once; and of what is to blame nothing else shall stay.
    const half = run.length >> 1;
    return [run.slice(0, half), run.slice(half)].flatMap((part) => takeBackRun(part, tools));
  }
}

/** In the same order; what one transaction of the packet filter can take away is together. */
function inRuns(undos: readonly Undo[]): Undo[][] {
  const runs: Undo[][] = [];
  let last: string | undefined;
  for (const undo of undos) {
    const place = placeOf(undo.inverse);
    if (place !== undefined && place === last) runs.at(-1)!.push(undo);
    else runs.push([undo]);
    last = place;
  }
  return runs;
}

/** The rule table that it takes away from; undefined for whatever has to be done by itself. */
function placeOf(inverse: Inverse): string | undefined {
  if (!isOfRules(inverse) || !onlyTakesAway(inverse.rules)) return undefined;
  return JSON.stringify([inverse.do, inverse.ns, inverse.netns, inverse.rules.family, inverse.rules.table]);
}

function asOne([first, ...others]: readonly Inverse[]): Inverse {
  return isOfRules(first!) && others.length > 0 ? { ...first, rules: together([first, ...others.filter(isOfRules)].map(({ rules }) => rules)) } : first!;
}

type OfRules = Extract<Inverse, { rules: unknown }>;
const isOfRules = (inverse: Inverse): inverse is OfRules => 'rules' in inverse;

/** Ten are enough to read. */
export const describe = (residues: readonly Residue[]): string =>
  residues.slice(0, 10).map(({ undo, why }) => `${undo.inverse.do} (${undo.op} of ${undo.by}): ${why}`).join('; ');
