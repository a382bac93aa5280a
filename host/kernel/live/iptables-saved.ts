// What iptables-save prints, for one table.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule } from '../iptables-parse.ts';
import type { IptablesChain, IptablesRule } from '../kernel.ts';
import type { Family } from '../rule.ts';

/** No chains when the table was never used. Warnings and dates are comments. */
export function readSavedTable(text: string, family: Family, table: string): IptablesChain[] {
  const lines = text.split('\n');
  const start = lines.indexOf(`*${table}`);
  const chains = new Map<string, IptablesChain & { rules: IptablesRule[] }>();
  for (const line of start < 0 ? [] : lines.slice(start + 1)) {
    if (line === 'COMMIT') break;
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== undefined) chains.set(name, { name, ...(policy === '-' ? {} : { policy: policy! }), rules: [] });
    // A rule may be without a word: it counts.
    const [, chain, rule = ''] = /^-A (\S+)(?: (.*))?$/.exec(line) ?? [];
    if (chain !== undefined) chains.get(chain)?.rules.push(readSavedRule(family, rule));
  }
  return [...chains.values()];
}
