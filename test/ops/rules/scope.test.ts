// What a module may do in an nf_tables table that it shares with others: its own chains, and jumps to them from the base chain.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../../host/cni-error.ts';
import { DeadlinePassed, withDeadline } from '../../../host/deadline.ts';
import { NO_GRANTS } from '../../../host/grant/grants.ts';
import type { Call } from '../../../host/ops/call.ts';
import { checkRuleScope } from '../../../host/ops/rules/scope.ts';
import type { RuleSet } from '../../../host/ops/rules/rule-set.ts';

const NFT = ['inet own', 'bridge nat guard-{containerId}-{ifname}', 'bridge nat PREROUTING jump'];

const call = (verb: 'ADD' | 'GC' = 'ADD', nft = NFT): Call => ({
  verb, module: 'acme', meanings: new Map(), grants: { ...NO_GRANTS, nft }, hashes: { attachment: 'a'.repeat(128), network: '', interface: '' }, ips: [], hostHas: new Map(), leases: new Set(),
  request: { attachment: { network: 'blue', containerId: verb === 'GC' ? '' : 'c1', ifname: verb === 'GC' ? '' : 'eth0' }, netconf: { value: {} } },
  living: () => [{ network: 'blue', containerId: 'alive', ifname: 'eth0' }],
} as unknown as Call);

const allowed = (rules: Partial<RuleSet>, of = call()): boolean => {
  try {
    checkRuleScope(of, 'nft.apply', 'nft', { family: 'bridge', table: 'nat', ...rules });
    return true;
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    assert.is(error.facts.kind, 'denied');
    return false;
  }
};
const OWN = 'guard-c1-eth0';
const jump = (to: string): RuleSet['add'] & object => [{ chain: 'PREROUTING', rule: { match: [], action: { jump: to } } }];
const drop = { match: [], action: { verdict: 'drop' } } as const;

const HOOK = { type: 'filter', hook: 'prerouting', priority: -300 } as const;
const CASES: readonly [string, Partial<RuleSet>, boolean][] = [
  ['an own chain is made, filled and taken away', { chains: [{ name: OWN }], set: [{ chain: OWN, rules: [{ match: [], action: { verdict: 'drop' } }] }], drop: [{ chain: OWN }] }, true],
  ['a rule in an own chain goes by its comment', { remove: [{ chain: OWN, comment: 'x' }] }, true],
  ['the base chain is made', { chains: [{ name: 'PREROUTING', hook: HOOK }] }, true],
  ['the base chain is not made with another hook than its name\'s', { chains: [{ name: 'PREROUTING', hook: { ...HOOK, hook: 'output' } }] }, false],
  ['the base chain is not made with none', { chains: [{ name: 'PREROUTING' }] }, false],
  ['an own chain is not made a base chain', { chains: [{ name: OWN, hook: HOOK }] }, false],
  ['a jump to an own chain comes and goes', { add: jump(OWN), remove: [{ chain: 'PREROUTING', jump: OWN }] }, true],
  ['another container\'s chain is not made', { chains: [{ name: 'guard-c2-eth0' }] }, false],
  ['another container\'s chain is not emptied', { set: [{ chain: 'guard-c2-eth0', rules: [] }] }, false],
  ['another container\'s chain is not taken away', { drop: [{ chain: 'guard-c2-eth0' }] }, false],
  ['the base chain is not taken away', { drop: [{ chain: 'PREROUTING' }] }, false],
  ['the base chain is not replaced', { set: [{ chain: 'PREROUTING', rules: [] }] }, false],
  ['no verdict in the base chain', { add: [{ chain: 'PREROUTING', rule: { match: [...drop.match], action: drop.action } }] }, false],
  ['no jump to another\'s chain', { add: jump('guard-c2-eth0') }, false],
  ['rules of others do not go by their comment', { remove: [{ chain: 'PREROUTING', comment: 'of others' }] }, false],
  ['nor by where they jump', { remove: [{ chain: 'PREROUTING', jump: 'guard-c2-eth0' }] }, false],
  ['another base chain is not made', { chains: [{ name: 'POSTROUTING', hook: { ...HOOK, hook: 'postrouting' } }] }, false],
  ['a chain is no base chain by its name', { chains: [{ name: 'PREROUTING jump' }] }, false],
  ['another table is not touched', { table: 'filter', chains: [{ name: OWN }] }, false],
  ['the same table of another family neither', { family: 'ip', chains: [{ name: OWN }] }, false],
];
for (const [what, rules, expected] of CASES) test(what, () => assert.is(allowed(rules), expected));

test('a table that is granted as a whole is the module\'s with all chains', () => {
  assert.is(allowed({ family: 'inet', table: 'own', chains: [{ name: 'any' }], drop: [{ chain: 'any' }], remove: [{ chain: 'any', comment: 'x' }] }), true);
  assert.is(allowed({ family: 'inet', table: 'own', chains: [{ name: 'any', hook: HOOK }] }), true);
});

test('a base chain whose name says no hook is jumped from, and not made', () => {
  const office = call('ADD', [...NFT, 'bridge nat office jump']);
  assert.is(allowed({ add: [{ chain: 'office', rule: { match: [], action: { jump: OWN } } }] }, office), true);
  assert.is(allowed({ chains: [{ name: 'office', hook: HOOK }] }, office), false);
});

test('in GC the chains of any container are meant but of those that live, and the base chain is still everybody\'s', () => {
  assert.is(allowed({ drop: [{ chain: 'guard-alive-eth0' }] }, call('GC')), false);
  assert.is(allowed({ drop: [{ chain: 'guard-c2-net1' }] }, call('GC')), true);
  assert.is(allowed({ drop: [{ chain: 'PREROUTING' }] }, call('GC')), false);
});

test('hundreds of patterns with hundreds of stars, asked for hundreds of names, end when the guest\'s time is over', () => {
  const stars = call('ADD', Array.from({ length: 256 }, (_, i) => `bridge nat acme-${'*a'.repeat(240)}${i}`));
  let ended = false;
  assert.throws(() => withDeadline(100, () => {
    allowed({ drop: Array.from({ length: 20 }, (_, i) => ({ chain: `acme-${'a'.repeat(240)}${i}` })) }, stars);
    ended = true;
  }), (error: unknown) => error instanceof DeadlinePassed);
  assert.not.ok(ended);
});

test.run();
