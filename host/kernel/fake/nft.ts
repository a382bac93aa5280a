// nf_tables of the fake kernel: a batch is tried on a copy, and the copy counts only when all of it worked.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { NftCommand, NftKernel } from '../kernel.ts';
import type { Rule } from '../rule.ts';
import { faultOf, type ChainNode, type Step } from './chain-graph.ts';
import { namespaceOf, type FakeChain, type FakeNamespace, type FakeState, type FakeTable } from './state.ts';

const NAME_MAX = 255;

export const fakeNft = (state: FakeState): NftKernel => ({
  unusable: (ns) => namespaceOf(state, ns, 'use nf_tables').unusable.nft,

  read(nsName, family, name) {
    const ns = usable(namespaceOf(state, nsName, `read table ${family} ${name}`));
    const table = ns.nft.find((each) => each.family === family && each.name === name);
    return table && structuredClone({
      family, name,
      chains: table.chains.map(({ name: chain, hook, rules }) => ({
        name: chain,
        ...(hook ? { hook } : {}),
        rules: rules.map((each) => (each.rule?.comment === undefined ? each : { ...each, comment: each.rule.comment })),
      })),
    });
  },

  apply(nsName, commands) {
    const ns = usable(namespaceOf(state, nsName, 'change nf_tables'));
    const draft = { ...ns, nft: structuredClone(ns.nft) };
    for (const command of commands) perform(draft, command);
    for (const table of draft.nft) {
      const fault = faultOf(table.chains.map(nodeOf));
      if (fault) throw new KernelError(fault.errno, `change table ${table.family} ${table.name}`, `from chain ${fault.chain}`);
    }
    Object.assign(ns, { nft: draft.nft, nextHandle: draft.nextHandle });
  },
});

function usable(ns: FakeNamespace): FakeNamespace {
  if (ns.unusable.nft !== undefined) throw new KernelError('EPROTONOSUPPORT', 'use nf_tables', ns.unusable.nft);
  return ns;
}

function perform(ns: FakeNamespace, command: NftCommand): void {
  const action = `${command.do} ${command.family} ${command.table}${'chain' in command ? ` ${command.chain}` : ''}`;
  const table = ns.nft.find((each) => each.family === command.family && each.name === command.table);
  if (command.do === 'add table') {
    checkName(command.table, action);
    if (!table) ns.nft.push({ family: command.family, name: command.table, ...(command.comment === undefined ? {} : { comment: command.comment }), chains: [] });
    return;
  }
  if (!table) throw new KernelError('ENOENT', action);
  if (command.do === 'delete table') ns.nft.splice(ns.nft.indexOf(table), 1);
  else if (command.do === 'add chain') addChain(table, command, action);
  else changeChain(ns, table, command, action);
}

function addChain(table: FakeTable, command: Extract<NftCommand, { do: 'add chain' }>, action: string): void {
  checkName(command.chain, action);
  const { chain: name, hook, comment } = command;
  const old = table.chains.find((chain) => chain.name === name);
  if (!old) table.chains.push({ name, ...(hook ? { hook } : {}), ...(comment === undefined ? {} : { comment }), rules: [] });
  else if (hook && (old.hook?.type !== hook.type || old.hook.hook !== hook.hook || old.hook.priority !== hook.priority)) throw new KernelError('EEXIST', action);
}

type ChainCommand = Exclude<NftCommand, { do: 'add table' | 'delete table' | 'add chain' }>;

function changeChain(ns: FakeNamespace, table: FakeTable, command: ChainCommand, action: string): void {
  const chain = table.chains.find(({ name }) => name === command.chain);
  if (!chain) throw new KernelError('ENOENT', action);
  switch (command.do) {
    case 'delete chain': {
      const used = table.chains.some((other) => other !== chain && other.rules.some(({ rule }) => targetOf(rule) === chain.name));
      if (used) throw new KernelError('EBUSY', action);
      table.chains.splice(table.chains.indexOf(chain), 1);
      return;
    }
    case 'flush chain': chain.rules = []; return;
    case 'add rule': {
      checkTarget(table, command.rule, action);
      const rule = { handle: ns.nextHandle++, rule: structuredClone(command.rule) };
      if (command.at === 'start') chain.rules.unshift(rule);
      else chain.rules.push(rule);
      return;
    }
    case 'delete rule': {
      const at = chain.rules.findIndex(({ handle }) => handle === command.handle);
      if (at < 0) throw new KernelError('ENOENT', action, `no rule with handle ${command.handle}`);
      chain.rules.splice(at, 1);
      return;
    }
    default: command satisfies never;
  }
}

function checkName(name: string, action: string): void {
  if (Buffer.byteLength(name) > NAME_MAX) throw new KernelError('ERANGE', action);
  if (name === '') throw new KernelError('EINVAL', action);
}

function checkTarget(table: FakeTable, rule: Rule, action: string): void {
  const name = targetOf(rule);
  const target = table.chains.find((chain) => chain.name === name);
  if (name !== undefined && !target) throw new KernelError('ENOENT', action, `no chain ${name}`);
  if (target?.hook) throw new KernelError('EOPNOTSUPP', action, `${name} is a base chain`);
}

const targetOf = (rule: Rule | undefined): string | undefined => rule?.action.jump ?? rule?.action.goto;

function nodeOf({ name, hook, rules }: FakeChain): ChainNode {
  return { name, ...(hook ? { hook } : {}), steps: rules.map(({ rule }) => stepOf(rule)) };
}

function stepOf(rule: Rule | undefined): Step {
  const to = targetOf(rule);
  if (to !== undefined) return { to };
  if (rule?.action.masquerade) return 'masquerade';
  return rule?.action.dnat ? 'dnat' : 'other';
}
