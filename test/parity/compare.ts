// Two pictures beside each other: the lines that only one of them has, and which row of differences.md allows each.
// SPDX-License-Identifier: Apache-2.0

import { ALLOWED } from './differences.ts';

export interface Difference { section: string; text: string; row: string | undefined }
export type Picture = Map<string, string[]>;

export const unexplained = (found: readonly Difference[]): Difference[] => found.filter(({ row }) => row === undefined);

/** What ours is compared with. */
type Other = 'the reference' | 'the node before ADD';
const WORD = { 'the reference': 'reference', 'the node before ADD': 'before' } as const;
type Side = (typeof WORD)[Other] | 'ours' | 'order';

export function differencesOf(other: Other, theirs: Picture, ours: Picture, step: string, rows: readonly string[]): Difference[] {
  const sections = new Set([...theirs.keys(), ...ours.keys()]);
  return [...sections].flatMap((section) => {
    const [left, right] = [theirs.get(section) ?? [], ours.get(section) ?? []];
    const named = (lines: string[], side: Side): Difference[] => lines.map((line) => ({
      section, text: `only ${side === 'ours' ? 'ours' : other} has in ${section}: ${line}`, row: rows.find((row) => allows(row, side, step, section, line)),
    }));
    const found = [...named(without(left, right), WORD[other]), ...named(without(right, left), 'ours')];
    if (found.length > 0 || left.join('\n') === right.join('\n')) return found;
    return [{ section, text: `another order in ${section}: ${left.join(' | ')} --- ${right.join(' | ')}`, row: rows.find((row) => allows(row, 'order', step, section, '')) }];
  });
}

function allows(row: string, side: Side, step: string, section: string, line: string): boolean {
  const clauses = ALLOWED[row];
  if (!clauses) throw new Error(`no difference ${row}`);
  return clauses.some((clause) => (clause.after ?? step) === step && clause.section.test(section) && (clause[side]?.test(line) ?? false));
}

/** The lines of one that the other does not have as often. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
