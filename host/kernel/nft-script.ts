// A transaction as input of the nft program.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from './kernel-error.ts';
import type { NftCommand, NftHook } from './kernel.ts';
import { checkNftComment, nameNftCommand, renderNftRule } from './nft-text.ts';
import { checkChainCalled, checkChainName } from './normal-rule.ts';
import type { Rule } from './rule.ts';

export const nftScript = (commands: readonly NftCommand[]): string => commands.map((command) => `${line(command)}\n`).join('');

function line(command: NftCommand): string {
  const table = `${command.family} ${checkChainName(command.table)}`;
  if (command.do === 'add table') return `add table ${table}${block(remark(command.comment))}`;
  // The program would take a table with all that is in it, which the kernel is told not to do.
  if (command.do === 'delete table') throw new KernelError('EINVAL', nameNftCommand(command), 'rules with raw words are written to it in the same transaction');
  const chain = `${table} ${checkChainName(command.chain)}`;
  switch (command.do) {
    case 'add chain': return `add chain ${chain}${block([...(command.hook ? [hook(command.hook)] : []), ...remark(command.comment)])}`;
    case 'delete chain': return `delete chain ${chain}`;
    case 'flush chain': return `flush chain ${chain}`;
    case 'delete rule': return `delete rule ${chain} handle ${command.handle}`;
    case 'add rule': return `${command.at === 'start' ? 'insert' : 'add'} rule ${chain} ${renderNftRule(command.family, checked(command.rule))}`;
    default: return command satisfies never;
  }
}

const block = (parts: readonly string[]): string => (parts.length === 0 ? '' : ` { ${parts.map((part) => `${part};`).join(' ')} }`);
const remark = (comment: string | undefined): string[] => (comment ? [`comment "${checkNftComment(comment)}"`] : []);
const hook = ({ type, hook: name, priority }: NftHook): string => `type ${type} hook ${name} priority ${priority}`;

function checked(rule: Rule): Rule {
  checkChainCalled(rule);
  if (rule.comment !== undefined) checkNftComment(rule.comment);
  return rule;
}
