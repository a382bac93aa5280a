// Changes of iptables in its own words, for tests.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule, wordsOf } from '../../host/kernel/iptables-parse.ts';
import { renderIptablesCommand } from '../../host/kernel/iptables-text.ts';
import type { IptablesCommand, IptablesKernel, IptablesTable, Ns } from '../../host/kernel/kernel.ts';
import type { Family, Rule } from '../../host/kernel/rule.ts';

/** What iptables-restore --noflush makes of these lines. */
export function restoreLines(iptables: IptablesKernel, ns: Ns, family: Family, table: string, ...lines: string[]): void {
  const listed = lines.some((line) => line.startsWith('-D')) ? iptables.read(ns, family, table) : undefined;
  iptables.restore(ns, family, table, commandsFrom(family, lines, listed));
}

/** Lines of iptables-restore as commands. A rule that goes is the one in `listed`, when it is there. */
export const commandsFrom = (family: Family, lines: readonly string[], listed?: IptablesTable): IptablesCommand[] => lines.map((line) => {
  const [, option, chain = '', words = ''] = /^-([ADIFXN]) (\S+)(?: (.*))?$/s.exec(line) ?? [];
  switch (option) {
    case 'N': return { do: 'add chain', chain };
    case 'F': return { do: 'flush chain', chain };
    case 'X': return { do: 'delete chain', chain };
    case 'A': case 'I': return { do: 'add rule', chain, rule: ruleFrom(family, words), at: option === 'I' ? 'start' : 'end' };
    case 'D': {
      const rules = (listed?.chainNamed ? listed.chainNamed(chain) : listed?.chains.find(({ name }) => name === chain))?.rules ?? [];
      return { do: 'delete rule', chain, rule: rules.find(({ text }) => text === words) ?? readSavedRule(family, words) };
    }
    default: throw new Error(`no line of iptables-restore: ${line}`);
  }
});

/** Conditions outside the grammar become raw words. */
function ruleFrom(family: Family, text: string): Rule {
  const { rule } = readSavedRule(family, text);
  if (rule) return rule;
  const words = wordsOf(text);
  const to = words.at(-1)!;
  const action = { ACCEPT: { verdict: 'accept' }, DROP: { verdict: 'drop' }, RETURN: { verdict: 'return' } }[to] ?? { jump: to };
  return { match: [{ raw: words.slice(0, -2) }], action } as Rule;
}

export const linesFrom = (family: Family, commands: readonly IptablesCommand[]): string[] => commands.map((command) => renderIptablesCommand(family, command));
