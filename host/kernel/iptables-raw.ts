// Words of iptables' own language inside a rule. They may add conditions; which table, chain and target the rule has is not theirs to say.
// SPDX-License-Identifier: Apache-2.0

import { WrongValue } from './kernel-error.ts';

/** With exactly these letters alone: getopt would take `-jDROP` or `-fj` apart. */
const SHORT = ['-s', '-d', '-i', '-o', '-p', '-m', '-f'];
/** Long options of iptables itself that are no match. getopt takes any beginning of a name for the name. */
const NO_MATCH = [
  'jump', 'goto', 'table', 'modprobe', 'append', 'delete', 'check', 'insert', 'replace', 'list', 'list-rules', 'flush', 'zero', 'new-chain', 'delete-chain',
  'rename-chain', 'policy', 'verbose', 'wait', 'numeric', 'exact', 'line-numbers', 'noflush', 'help', 'version', 'ipv4', 'ipv6',
];
/** The option of `-m policy` that looks like the beginning of one. */
const MATCHES = ['pol'];

export function checkIptablesWords(words: readonly string[]): void {
  const wrong = words.find((word) => word.startsWith('-') && !isMatch(word));
  if (wrong !== undefined) {
    throw new WrongValue('write an iptables rule', `condition ${JSON.stringify(wrong)} is no match; give words like -s, -d, -i, -o, -m and the options of modules`);
  }
}

function isMatch(word: string): boolean {
  if (!word.startsWith('--')) return SHORT.includes(word);
  const [name = ''] = word.slice(2).split('=');
  return MATCHES.includes(name) || !NO_MATCH.some((option) => option.startsWith(name));
}
