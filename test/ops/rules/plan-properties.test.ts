// What must hold for every table and every rule set, with either backend: asked twice is asked once, and what is taken back was never there.
// SPDX-License-Identifier: Apache-2.0

import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { applyToIptables } from '../../../host/kernel/apply-to-iptables.ts';
import { applyToNft } from '../../../host/kernel/apply-to-nft.ts';
import { readSavedRule } from '../../../host/kernel/iptables-parse.ts';
import { renderRule } from '../../../host/kernel/iptables-text.ts';
import { KernelError } from '../../../host/kernel/kernel-error.ts';
import type { IptablesTable, NftTable } from '../../../host/kernel/kernel.ts';
import { ruleKey } from '../../../host/kernel/normal-rule.ts';
import type { Rule } from '../../../host/kernel/rule.ts';
import { planIptables } from '../../../host/ops/rules/plan-iptables.ts';
import { planNft } from '../../../host/ops/rules/plan-nft.ts';
import type { Missing, RuleSet, RuleUndo } from '../../../host/ops/rules/rule-set.ts';
import { content, ruleSet } from './arbitrary.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300);

interface Backend<Table> {
  build(chains: [string, Rule[]][]): Table;
  plan(table: Table, wanted: RuleSet): { steps: readonly unknown[]; undo: RuleUndo; missing: Missing[]; carryOut(): Table };
  /** chain → keys of its rules */
  view(table: Table): Record<string, string[]> | undefined;
}

const nft: Backend<NftTable | undefined> = {
  build: (chains) => (chains.length === 0 ? undefined : {
    family: 'ip', name: 't',
    chains: chains.map(([name, rules], i) => ({ name, rules: rules.map((rule, j) => ({ handle: i * 100 + j + 1, rule })) })),
  }),
  plan(table, wanted) {
    const { commands, undo, missing } = planNft(table, wanted);
    return { steps: commands, undo, missing, carryOut: () => applyToNft(table, commands) };
  },
  view: (table) => table && viewOf(table.chains.map(({ name, rules }) => [name, rules.map(({ rule }) => ruleKey('ip', rule!))])),
};

const iptables: Backend<IptablesTable> = {
  build: (chains) => ({
    family: 'ip', name: 'nat',
    chains: [...['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((name) => ({ name, policy: 'ACCEPT', rules: [] })),
      ...chains.map(([name, rules]) => ({ name, rules: rules.map((rule) => readSavedRule('ip', renderRule('ip', rule))) }))],
  }),
  plan(table, wanted) {
    const { commands, undo, missing } = planIptables(table, wanted);
    return { steps: commands, undo, missing, carryOut: () => applyToIptables(table, commands) };
  },
  view: (table) => viewOf(table.chains.map(({ name, rules }) => [name, rules.map(({ text }) => text)])),
};

const viewOf = (chains: [string, string[]][]): Record<string, string[]> => Object.fromEntries(chains.toSorted(([a], [b]) => (a < b ? -1 : 1)));

function properties<Table>(name: string, { build, plan, view }: Backend<Table>, comments: string[]): void {
  const cases = fc.tuple(content(comments), ruleSet(comments)).map(([chains, rest]) => ({ before: build(chains), wanted: { family: 'ip', table: 't', ...rest } as RuleSet }));
  const check = (holds: (before: Table, wanted: RuleSet, after: Table) => void) => fc.assert(fc.property(cases, ({ before, wanted }) => {
    const after = carriedOut(() => plan(before, wanted).carryOut());
    fc.pre(after !== REFUSED);
    holds(before, wanted, after as Table);
  }), { numRuns: RUNS, maxSkipsPerRun: 1000 });

  test(`${name}: asked again, nothing is left to do and nothing is missing`, () => check((_, wanted, after) => {
    const again = plan(after, wanted);
    assert.equal(again.steps, []);
    assert.equal(again.missing, []);
    assert.equal(again.undo, {});
  }));

  test(`${name}: what is asked for is there`, () => check((_, wanted, after) => {
    const { chains = [], add = [] } = wanted;
    const has = view(after) ?? {};
    for (const chain of chains) assert.ok(has[chain.name], `chain ${chain.name}`);
    for (const { chain, rule } of add) assert.ok(has[chain]!.some((key) => key === ruleKey('ip', rule) || key === renderRule('ip', rule)), `rule in ${chain}`);
  }));

  test(`${name}: taken back, the table is as before, in order where nothing was removed`, () => check((before, wanted, after) => {
    const { undo } = plan(before, wanted);
    let table = after;
    for (const part of ['attachment', 'network', 'call'] as const) {
      if (undo[part]) table = plan(table, JSON.parse(JSON.stringify(undo[part])) as RuleSet).carryOut();
    }
    const took = [...(wanted.remove ?? []), ...(wanted.drop ?? [])].length > 0;
    const ordered = (one: ReturnType<typeof view>) => (took && one ? Object.fromEntries(Object.entries(one).map(([chain, rules]) => [chain, rules.toSorted()])) : one);
    assert.equal(ordered(view(table)), ordered(view(before)));
  }));
}

const REFUSED = Symbol('refused');

/** Some random rule sets call chains that are not there; the kernel says so. */
function carriedOut<T>(act: () => T): T | typeof REFUSED {
  try {
    return act();
  } catch (error) {
    if (error instanceof KernelError) return REFUSED;
    throw error;
  }
}

properties('nft', nft, ['x', 'x-1', 'y']);
properties('iptables', iptables, ['x', 'x-1', 'y "z"', 'it\'s']);
test.run();
