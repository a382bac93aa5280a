// Taking back: a list of undos in reverse order, going on after errors and reporting them all.
// SPDX-License-Identifier: Apache-2.0

import type { Lock } from './locks.ts';
import { messageOf } from '../message-of.ts';
import { carryOut, type Undo, type UndoTools } from './undo.ts';

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
export function takeBack(undos: readonly Undo[], tools: UndoTools): Residue[] {
  return undos.toReversed().flatMap((undo) => {
    try {
      carryOut(undo.inverse, tools);
      return [];
    } catch (error) {
      return [{ undo, why: messageOf(error), error }];
    }
  });
}

/** Ten are enough to read. */
export const describe = (residues: readonly Residue[]): string =>
  residues.slice(0, 10).map(({ undo, why }) => `${undo.inverse.do} (${undo.op} of ${undo.by}): ${why}`).join('; ');
