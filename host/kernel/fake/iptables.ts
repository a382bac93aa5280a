// iptables of the fake kernel: tables as lists of the lines iptables-save prints, changed by what iptables-restore reads.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { IptablesChain, IptablesKernel, IptablesTable } from '../kernel.ts';
import type { Family } from '../rule.ts';
import { faultOf, type ChainNode, type Step } from './chain-graph.ts';
import { restoreLine } from './restore-line.ts';
import { namespaceOf, type FakeNamespace, type FakeState } from './state.ts';

/** built-in chains, in the order iptables-save lists them */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export const fakeIptables = (state: FakeState): IptablesKernel => ({
  unusable: (ns, family) => namespaceOf(state, ns, 'use iptables').unusable[family],

  read(nsName, family, name) {
    const action = `read ${family} table ${name}`;
    const ns = usable(namespaceOf(state, nsName, action), family, action);
    return structuredClone(tableOf(ns, family, name, action));
  },

  restore(nsName, family, name, lines) {
    const action = `change ${family} table ${name}`;
    const ns = usable(namespaceOf(state, nsName, action), family, action);
    const draft = structuredClone(tableOf(ns, family, name, action));
    lines.forEach((line, at) => restoreLine(draft, line, `${action}, line ${at + 2}`));
    const fault = faultOf(draft.chains.map((chain) => nodeOf(name, chain)));
    if (fault) throw new KernelError('EIPTABLES', action, `chain ${fault.chain}: ${fault.errno}`);
    // iptables-save sorts the chains that are not built in.
    draft.chains = [...draft.chains.filter(({ policy }) => policy !== undefined), ...draft.chains.filter(({ policy }) => policy === undefined).sort(byName)];
    ns.iptables = ns.iptables.filter((table) => table.family !== family || table.name !== name);
    if (!isPristine(draft)) ns.iptables.push(draft);
  },
});

const byName = (a: IptablesChain, b: IptablesChain): number => (a.name < b.name ? -1 : 1);

function usable(ns: FakeNamespace, family: Family, action: string): FakeNamespace {
  if (ns.unusable[family] !== undefined) throw new KernelError('EIPTABLES', action, ns.unusable[family]);
  return ns;
}

function tableOf(ns: FakeNamespace, family: Family, name: string, action: string): IptablesTable {
  const builtIn = TABLES[name];
  if (!builtIn) throw new KernelError('EIPTABLES', action, `table name '${name}' invalid`);
  return ns.iptables.find((table) => table.family === family && table.name === name) ??
    { family, name, chains: builtIn.map((chain) => ({ name: chain, policy: 'ACCEPT', rules: [] })) };
}

/** As a table is that nobody ever used; those are not kept. */
const isPristine = (table: IptablesTable): boolean => table.chains.every(({ policy, rules }) => policy === 'ACCEPT' && rules.length === 0);

function nodeOf(table: string, { name, policy, rules }: IptablesChain): ChainNode {
  return { name, ...(policy === undefined ? {} : { hook: { type: table, hook: name.toLowerCase() } }), steps: rules.map(stepOf) };
}

function stepOf(rule: string): Step {
  const [, target] = / -(?:j|g) (\S+)/.exec(` ${rule}`) ?? [];
  if (target === 'MASQUERADE') return 'masquerade';
  if (target === 'DNAT') return 'dnat';
  return target === undefined ? 'other' : { to: target };
}
