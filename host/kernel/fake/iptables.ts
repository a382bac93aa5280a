// iptables of the fake kernel: tables as lists of the lines iptables-save prints, changed by what iptables-restore reads.
// SPDX-License-Identifier: Apache-2.0

import { applyToIptables } from '../apply-to-iptables.ts';
import { builtInChains } from '../built-in-chains.ts';
import { readSavedRule } from '../iptables-parse.ts';
import { checkIptablesCommand } from '../iptables-text.ts';
import { KernelError } from '../kernel-error.ts';
import type { IptablesKernel, IptablesTable } from '../kernel.ts';
import type { Family } from '../rule.ts';
import { faultOf, type ChainNode, type Step } from './chain-graph.ts';
import { namespaceOf, type FakeIptablesTable, type FakeNamespace, type FakeState } from './state.ts';

export const fakeIptables = (state: FakeState): IptablesKernel => ({
  unusable: (ns, family) => namespaceOf(state, ns, 'use iptables').unusable[family],

  read(nsName, family, name) {
    const action = `read ${family} table ${name}`;
    return readable(tableOf(usable(namespaceOf(state, nsName, action), family, action), family, name, action));
  },

  restore(nsName, family, name, commands) {
    const action = `change ${family} table ${name}`;
    const ns = usable(namespaceOf(state, nsName, action), family, action);
    commands.forEach(checkIptablesCommand);
    const chains = applyToIptables(readable(tableOf(ns, family, name, action)), commands).chains.map((chain) => ({ ...chain, rules: chain.rules.map(({ text }) => text) }));
    const fault = faultOf(chains.map((chain) => nodeOf(family, name, chain)));
    if (fault) throw new KernelError('EIPTABLES', action, `${fault.errno} from chain ${fault.chain}`);
    ns.iptables = ns.iptables.filter((table) => table.family !== family || table.name !== name);
    if (!isPristine(chains)) ns.iptables.push({ family, name, chains: sorted(chains) });
  },

  has(nsName, family, name, chain, rule) {
    const action = `look for a rule in ${family} table ${name}`;
    const { chains } = tableOf(usable(namespaceOf(state, nsName, action), family, action), family, name, action);
    const keyOf = (line: string): string => readSavedRule(family, line).key;
    return chains.some((one) => one.name === chain && one.rules.some((line) => keyOf(line) === keyOf(rule)));
  },
});

const readable = ({ family, name, chains }: FakeIptablesTable): IptablesTable =>
  ({ family, name, chains: chains.map((chain) => ({ ...chain, rules: chain.rules.map((line) => readSavedRule(family, line)) })) });

function usable(ns: FakeNamespace, family: Family, action: string): FakeNamespace {
  if (ns.unusable[family] !== undefined) throw new KernelError('EIPTABLES', action, ns.unusable[family]);
  return ns;
}

function tableOf(ns: FakeNamespace, family: Family, name: string, action: string): FakeIptablesTable {
  const builtIn = builtInChains(name);
  if (builtIn.length === 0) throw new KernelError('EIPTABLES', action, `table name '${name}' invalid`);
  return ns.iptables.find((table) => table.family === family && table.name === name) ??
    { family, name, chains: builtIn.map((chain) => ({ name: chain, policy: 'ACCEPT', rules: [] })) };
}

/** As a table is that nobody ever used; those are not kept. */
const isPristine = (chains: FakeIptablesTable['chains']): boolean => chains.every(({ policy, rules }) => policy === 'ACCEPT' && rules.length === 0);

/** iptables-save lists the built-in chains as they are and the others by name. */
function sorted(chains: FakeIptablesTable['chains']): FakeIptablesTable['chains'] {
  const builtIn = chains.filter(({ policy }) => policy !== undefined);
  const others = chains.filter(({ policy }) => policy === undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...builtIn, ...others];
}

function nodeOf(family: Family, table: string, { name, policy, rules }: FakeIptablesTable['chains'][number]): ChainNode {
  return { name, ...(policy === undefined ? {} : { hook: { type: table, hook: name.toLowerCase() } }), steps: rules.map((rule) => stepOf(family, rule)) };
}

function stepOf(family: Family, rule: string): Step {
  const { jump } = readSavedRule(family, rule);
  if (jump === 'MASQUERADE') return 'masquerade';
  if (jump === 'DNAT') return 'dnat';
  return jump === undefined ? 'other' : { to: jump };
}
