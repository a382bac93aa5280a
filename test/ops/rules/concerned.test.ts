// The chains of a table that a rule set can change: which are looked into, and which are not.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { IptablesChain, IptablesRule, IptablesTable } from '../../../host/kernel/kernel.ts';
import { concerned } from '../../../host/ops/rules/concerned.ts';
import type { RuleSet } from '../../../host/ops/rules/rule-set.ts';

const WITHIN = { family: 'ip', table: 'nat' } as const;
const rule = (jump: string): IptablesRule => ({ text: `-j ${jump}`, comment: undefined, jump, rule: undefined, key: jump, mayCall: (chain) => chain === jump });

/** POSTROUTING and SHARED call OWN, SHARED also logs. */
function lookedInto(wanted: Omit<RuleSet, keyof typeof WITHIN>): { found: string[]; listed: boolean } {
  const chains: IptablesChain[] = [
    { name: 'POSTROUTING', rules: [rule('OWN')] }, { name: 'SHARED', rules: [rule('LOG'), rule('OWN')] }, { name: 'OWN', uses: 2, rules: [] },
  ];
  let listed = false;
  const table: IptablesTable = {
    family: 'ip', name: 'nat', chainNamed: (name) => chains.find((chain) => chain.name === name),
    get chains() { listed = true; return chains; },
  };
  return { found: concerned(table, { ...WITHIN, ...wanted }).map(({ name }) => name), listed };
}

test('chains that call one to be dropped are looked for among all, unless all calls are in those that are named', () => {
  assert.equal(lookedInto({ drop: [{ chain: 'OWN' }] }), { found: ['OWN', 'POSTROUTING', 'SHARED'], listed: true });
  const named = ['POSTROUTING', 'SHARED'].map((chain) => ({ chain, jump: 'OWN' }));
  assert.equal(lookedInto({ remove: named, drop: [{ chain: 'OWN' }] }), { found: ['POSTROUTING', 'SHARED', 'OWN'], listed: false });
  assert.equal(lookedInto({ remove: named.slice(0, 1), drop: [{ chain: 'OWN' }] }).listed, true);
});

test('however many are dropped, a table is listed once, and each chain is looked into once', () => {
  const names = Array.from({ length: 200 }, (_, i) => `OWN-${i}`);
  let looked = 0;
  const chain = (name: string, uses: number, calls: string[]): IptablesChain => ({ name, uses, get rules() { looked++; return calls.map(rule); } });
  // Each is called from a chain of its own, and of half of them all calls are in those that are dropped as well.
  const chains = [...names.map((name, i) => chain(name, i < 100 ? 2 : 1, i < 100 ? [names[i + 100]!] : [])), ...names.slice(0, 100).map((name) => chain(`CALLS-${name}`, 1, [name]))];
  const byName = new Map(chains.map((one) => [one.name, one]));
  let listed = 0;
  const table: IptablesTable = { family: 'ip', name: 'nat', chainNamed: (name) => byName.get(name), get chains() { listed++; return chains; } };
  const drop = names.map((one) => ({ chain: one }));
  assert.is(concerned(table, { ...WITHIN, drop }).length, 300);
  assert.is(listed, 1);
  assert.ok(looked <= 2 * 300, `${looked} looks`);
  assert.is(concerned(table, { ...WITHIN, drop: drop.slice(100) }).length, 200, 'their callers alone');
});

test('a chain is not looked into for calls of one that is not there; a target is no chain', () => {
  const jump = (to: string) => ({ chain: 'SHARED', rule: { match: [], action: { jump: to } } });
  assert.equal(lookedInto({ remove: [jump('GONE-1'), { chain: 'POSTROUTING', jump: 'GONE-1' }], drop: [{ chain: 'GONE-1' }] }), { found: [], listed: false });
  assert.equal(lookedInto({ remove: [jump('GONE-1'), jump('OWN')] }).found, ['SHARED']);
  assert.equal(lookedInto({ remove: [{ chain: 'SHARED', jump: 'LOG' }] }).found, ['SHARED']);
  assert.equal(lookedInto({ remove: [{ chain: 'SHARED', comment: 'c1' }] }).found, ['SHARED']);
});

test.run();
