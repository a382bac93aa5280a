// Lines of iptables-restore as commands, if they are in words whose encoding we know.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule } from '../../iptables-parse.ts';
import { checkIptablesChain, renderRule } from '../../iptables-text.ts';
import { KernelError } from '../../kernel-error.ts';
import { chainCalled, type Rule } from '../../rule.ts';
import { builtInHook } from './built-in.ts';
import { encodeIptablesRule } from './encode.ts';
import type { NftTableOfIptables } from './table.ts';

export type Command =
  | { do: 'make' | 'empty' | 'delete'; chain: string }
  | { do: 'put first' | 'put last' | 'take away'; chain: string; rule: Rule };

/** Names that iptables would take for a target before it looks for a chain. */
const TARGET = /^[A-Z0-9]+$/;

/** Undefined for what only iptables can say, and for what it would refuse where nf_tables would not. */
export function commandOf(table: NftTableOfIptables, line: string): Command | undefined {
  const [, option, chain = '', words = ''] = /^-([ADIFXN]) (\S+)(?: (.*))?$/.exec(line) ?? [];
  if (option === undefined || !isChain(chain)) return undefined;
  switch (option) {
    case 'N': return builtInHook(table.name, chain) ? undefined : { do: 'make', chain };
    case 'X': return builtInHook(table.name, chain) ? undefined : { do: 'delete', chain };
    case 'F': return { do: 'empty', chain };
    default: {
      const rule = ruleIn(table, words);
      return rule && { do: option === 'D' ? 'take away' : option === 'I' ? 'put first' : 'put last', chain, rule };
    }
  }
}

function ruleIn({ family, name, dialect }: NftTableOfIptables, words: string): Rule | undefined {
  const { rule } = readSavedRule(family, words);
  const to = chainCalled(rule);
  if (!rule || (to !== undefined && (!isChain(to) || TARGET.test(to)))) return undefined;
  if (name === 'nat' && rule.action.verdict === 'drop') return undefined;
  return renderRule(family, rule) === words && encodeIptablesRule(family, rule, dialect) ? rule : undefined;
}

function isChain(name: string): boolean {
  try {
    return checkIptablesChain(name) === name;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}
