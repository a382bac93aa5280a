// A rule set against the parts of a table that it speaks of comes to the same plan as against all of it.
// SPDX-License-Identifier: Apache-2.0

import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeKernel } from '../../../host/kernel/fake/fake-kernel.ts';
import type { NftChain, NftCommand } from '../../../host/kernel/kernel.ts';
import { holds, partsOf } from '../../../host/ops/rules/parts.ts';
import { planNft } from '../../../host/ops/rules/plan-nft.ts';
import type { RuleSet } from '../../../host/ops/rules/rule-set.ts';
import type { Rule } from '../../../host/kernel/rule.ts';
import { content, ruleSet } from './arbitrary.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300);
const COMMENTS = ['x', 'x-1', 'y'];
const T = { family: 'ip', table: 't' } as const;
const accept = (comment?: string): Rule => ({ match: [], action: { verdict: 'accept' }, ...(comment === undefined ? {} : { comment }) });

function tableOf(chains: [string, Rule[]][]) {
  const { nft } = fakeKernel();
  nft.apply('host', [
    ...(chains.length > 0 ? [{ do: 'add table', ...T } satisfies NftCommand] : []),
    ...chains.map(([chain]): NftCommand => ({ do: 'add chain', ...T, chain })),
    ...chains.flatMap(([chain, rules]) => rules.map((rule): NftCommand => ({ do: 'add rule', ...T, chain, rule, at: 'end' }))),
  ]);
  return nft;
}

test('commands, their opposite and what is missing are the same', () => {
  fc.assert(fc.property(content(COMMENTS), ruleSet(COMMENTS), fc.boolean(), (chains, rest, withDrop) => {
    const { drop, ...others } = rest;
    const wanted: RuleSet = { ...T, ...others, ...(withDrop && drop ? { drop } : {}) };
    const nft = tableOf(chains);
    const parts = partsOf(wanted);
    const whole = nft.readLate('host', 'ip', 't');
    // Parts come in the order in which they are asked for.
    const placeOf = ({ name }: NftChain): number => parts?.findIndex(({ chain }) => chain === name) ?? 0;
    whole?.chains.sort((a, b) => placeOf(a) - placeOf(b));
    assert.equal(planNft(nft.readLate('host', 'ip', 't', parts), wanted), planNft(whole, wanted));
  }), { numRuns: RUNS });
});

test('what a rule set speaks of', () => {
  assert.equal(partsOf({
    ...T,
    remove: [{ chain: 'A', comment: 'x' }, { chain: 'A', commentPrefix: 'y' }, { chain: 'B', jump: 'C' }],
    chains: [{ name: 'C' }],
    set: [{ chain: 'D', rules: [{ match: [], action: { goto: 'E' } }] }],
    add: [{ chain: 'A', rule: accept('x') }, { chain: 'F', rule: accept() }],
  }), [{ chain: 'A', comments: ['x', 'y'] }, { chain: 'B' }, { chain: 'C', comments: [] }, { chain: 'D' }, { chain: 'F' }, { chain: 'E', comments: [] }]);
});

test('where a chain may go, everybody who may call it counts', () => {
  for (const more of [{ drop: [{ chain: 'A' }] }, { unlessShared: true }, { dropTable: true }]) assert.is(partsOf({ ...T, ...more }), undefined);
});

test('what was read answers what asks for no more', () => {
  const known = [{ chain: 'A', comments: ['x', 'y'] }, { chain: 'B' }, { chain: 'C', comments: [] }];
  const isIn = (chain: string, comments?: string[]): boolean => holds(known, [{ chain, ...(comments ? { comments } : {}) }]);
  assert.equal([isIn('A', ['y']), isIn('A', []), isIn('B'), isIn('B', ['z']), isIn('C', [])], [true, true, true, true, true]);
  assert.equal([isIn('A'), isIn('A', ['z']), isIn('C', ['x']), isIn('C'), isIn('D', [])], [false, false, false, false, false]);
  assert.equal([holds(undefined, known), holds(undefined, undefined), holds(known, undefined)], [true, true, false]);
});

test.run();
