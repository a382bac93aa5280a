// Taking back what a call has done to a rule table: in as few transactions as can be, since each of them reads the table.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { takeBack } from '../../host/ledger/roll-back.ts';
import type { Undo } from '../../host/ledger/undo.ts';
import type { RuleSet } from '../../host/ops/rules/rule-set.ts';
import type { RuleTables } from '../../host/ops/rules/tables.ts';

const undo = (rules: Partial<RuleSet>, more: { do?: 'nft' | 'iptables'; ns?: 'host' | 'container' } = {}): Undo =>
  ({ life: 'attachment', by: 'acme', op: 'nft.apply', inverse: { do: 'nft', ns: 'host', netns: '4:1', ...more, rules: { family: 'ip', table: 't', ...rules } } });
const drop = (...chains: string[]): Partial<RuleSet> => ({ drop: chains.map((chain) => ({ chain, unreferenced: true })) });

/** The rule sets that were carried out, and what was left. `fails`: a set is refused when this is true of it. */
function takenBack(undos: readonly Undo[], fails: (rules: RuleSet) => boolean = () => false): { carriedOut: RuleSet[]; left: Undo[] } {
  const carriedOut: RuleSet[] = [];
  const plan: RuleTables['plan'] = (_backend, _ns, rules) => ({
    missing: [], undo: {}, isOutdated: () => false,
    carryOut() {
      if (fails(rules)) throw new Error('no');
      carriedOut.push(rules);
    },
  });
  const kernel = { isNetns: () => true, nft: { unusable: () => undefined }, iptables: { unusable: () => undefined } } as unknown as Kernel;
  const residues = takeBack(undos, { kernel, tables: { plan } as RuleTables, openStore: undefined! });
  return { carriedOut, left: residues.map((one) => one.undo) };
}
const chainsOf = (sets: readonly RuleSet[]): string[] => sets.map((rules) => (rules.drop ?? []).map(({ chain }) => chain).join(' '));

test('what takes away from the same table is one transaction', () => {
  const rule = { match: [], action: { verdict: 'return' as const } };
  const { carriedOut } = takenBack([undo(drop('a', 'b')), undo({ remove: [{ chain: 'z', rule }] }), undo({ ...drop('c'), remove: [{ chain: 'y', rule }] })]);
  assert.equal(carriedOut, [{ family: 'ip', table: 't', remove: [{ chain: 'y', rule }, { chain: 'z', rule }], ...drop('c', 'a', 'b') }]);
});

test('what brings back, or depends on what else is there, is done in its turn', () => {
  const back: Partial<RuleSet> = { chains: [{ name: 'old' }], set: [{ chain: 'old', rules: [] }] };
  for (const other of [undo(back), undo({ ...drop('s'), unlessShared: true }), undo({ ...drop('s'), dropTable: true })]) {
    const { carriedOut } = takenBack([undo(drop('a')), other, undo(drop('b')), undo(drop('c'))]);
    assert.equal(chainsOf(carriedOut), ['c b', chainsOf([(other.inverse as { rules: RuleSet }).rules])[0], 'a']);
  }
});

test('in another table, backend or namespace as well', () => {
  const { carriedOut } = takenBack([undo(drop('a')), undo({ ...drop('b'), table: 'u' }), undo(drop('c'), { do: 'iptables' }), undo(drop('d'), { ns: 'container' }), undo(drop('e'))]);
  assert.equal(chainsOf(carriedOut), ['e', 'd', 'c', 'b', 'a']);
});

test('one that is refused holds up none of the others', () => {
  const undos = Array.from({ length: 9 }, (_, i) => undo(drop(`c${i}`)));
  const { carriedOut, left } = takenBack(undos, (rules) => rules.drop!.some(({ chain }) => chain === 'c3'));
  assert.equal(left, [undos[3]]);
  assert.equal(chainsOf(carriedOut).join(' ').split(' '), ['c8', 'c7', 'c6', 'c5', 'c4', 'c2', 'c1', 'c0']);
});

test('nor is what is too much for one transaction left', () => {
  const { carriedOut, left } = takenBack(Array.from({ length: 100 }, (_, i) => undo(drop(`c${i}`))), (rules) => rules.drop!.length > 30);
  assert.equal(left, []);
  assert.is(carriedOut.length, 4);
});

test.run();
