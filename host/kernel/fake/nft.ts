// nf_tables of the fake kernel: a batch is tried on a copy, and the copy counts only when all of it worked.
// SPDX-License-Identifier: Apache-2.0

import { applyToNft } from '../apply-to-nft.ts';
import { KernelError } from '../kernel-error.ts';
import type { NftChain, NftCommand, NftKernel, NftPart, NftRule, NftTable } from '../kernel.ts';
import { hasRawWords } from '../nft-raw.ts';
import { checkNftComment, nameNftCommand } from '../nft-text.ts';
import { checkChainCalled, checkChainName } from '../normal-rule.ts';
import { chainCalled } from '../rule.ts';
import { faultOf, type ChainNode, type Step } from './chain-graph.ts';
import { namespaceOf, type FakeChain, type FakeNamespace, type FakeState, type FakeTable } from './state.ts';

export const fakeNft = (state: FakeState): NftKernel => ({
  unusable(ns, raw = false) {
    const { unusable } = namespaceOf(state, ns, 'use nf_tables');
    return unusable.nft ?? (raw ? unusable.raw : undefined);
  },

  read: readFrom(state),
  readLate(ns, family, name, parts) {
    const table = readFrom(state)(ns, family, name);
    return table && (parts ? { ...table, chains: parts.flatMap((part) => partOf(table, part)) } : table);
  },

  generation(nsName) {
    const { unusable, generation } = namespaceOf(state, nsName, 'use nf_tables');
    return unusable.nft === undefined ? generation : undefined;
  },

  apply(nsName, commands) {
    const ns = usable(namespaceOf(state, nsName, 'change nf_tables'));
    const draft = { nft: ns.nft, nextHandle: ns.nextHandle };
    commands.forEach(checkWords);
    if (ns.unusable.raw !== undefined && commands.some(hasRawWords)) throw new KernelError('ENFT', 'write nft rules with conditions', ns.unusable.raw);
    for (const command of commands) perform(draft, command);
    for (const table of draft.nft) {
      const fault = faultOf(table.chains.map(nodeOf));
      if (fault) throw new KernelError(fault.errno, `change table ${table.family} ${table.name}`, `from chain ${fault.chain}`);
    }
    Object.assign(ns, draft);
    ns.generation++;
  },
});

const readFrom = (state: FakeState): NftKernel['read'] => (nsName, family, name) => {
  const ns = usable(namespaceOf(state, nsName, `read table ${family} ${name}`));
  const table = ns.nft.find((each) => each.family === family && each.name === name);
  return table && structuredClone({ family, name, chains: table.chains.map(({ comment: _, ...chain }) => chain) });
};

function partOf({ chains }: NftTable, { chain: name, comments }: NftPart): NftChain[] {
  const isTold = ({ comment = '' }: NftRule): boolean => !comments || comments.some((start) => comment.startsWith(start));
  const told = (rules: readonly NftRule[]): NftRule[] => rules.map((rule) => (isTold(rule) ? rule : { handle: 0 }))
    .filter(({ handle }, i, all) => handle !== 0 || all[i - 1]?.handle !== 0);
  return chains.filter((chain) => chain.name === name).map((chain) => ({ ...chain, rules: comments?.length === 0 ? [] : told(chain.rules) }));
}

function usable(ns: FakeNamespace): FakeNamespace {
  if (ns.unusable.nft !== undefined) throw new KernelError('EPROTONOSUPPORT', 'use nf_tables', ns.unusable.nft);
  return ns;
}

type Draft = Pick<FakeNamespace, 'nft' | 'nextHandle'>;

function perform(draft: Draft, command: NftCommand): void {
  const isIt = ({ family, name }: FakeTable): boolean => family === command.family && name === command.table;
  const before = draft.nft.find(isIt);
  checkTarget(before, command);
  const after = applyToNft(before, [command]);
  const others = draft.nft.filter((table) => table !== before);
  draft.nft = after ? [...others, complete(draft, after, command)] : others;
}

/** The comments and the handle, which are the kernel's alone to know. */
function complete(draft: Draft, table: FakeTable, command: NftCommand): FakeTable {
  const comment = 'comment' in command && command.comment !== undefined ? { comment: command.comment } : {};
  if (command.do === 'add table') return table.chains.length === 0 ? { ...comment, ...table } : table;
  return {
    ...table,
    chains: table.chains.map((chain) => {
      if (!('chain' in command) || chain.name !== command.chain) return chain;
      const rules = chain.rules.map((rule) => (rule.handle < 0 ? { ...rule, handle: draft.nextHandle++ } : rule));
      return { ...(chain.rules.length === 0 ? comment : {}), ...chain, rules };
    }),
  };
}

/** What cannot be written is refused before the kernel sees any of the batch. */
function checkWords(command: NftCommand): void {
  if (command.do === 'add table') checkChainName(command.table);
  if (command.do === 'add chain') checkChainName(command.chain);
  if (command.do === 'add rule') checkChainCalled(command.rule);
  const comment = command.do === 'add rule' ? command.rule.comment : 'comment' in command ? command.comment : undefined;
  if (comment !== undefined) checkNftComment(comment);
}

function checkTarget(table: FakeTable | undefined, command: NftCommand): void {
  if (command.do !== 'add rule') return;
  const target = table?.chains.find(({ name }) => name === chainCalled(command.rule));
  if (target?.hook) throw new KernelError('EOPNOTSUPP', nameNftCommand(command), `${target.name} is a base chain`);
}

function nodeOf({ name, hook, rules }: FakeChain): ChainNode {
  return { name, ...(hook ? { hook } : {}), steps: rules.map(stepOf) };
}

function stepOf({ rule, jump }: NftRule): Step {
  const to = jump ?? chainCalled(rule);
  if (to !== undefined) return { to };
  if (rule?.action.masquerade) return 'masquerade';
  return rule?.action.dnat ? 'dnat' : 'other';
}
