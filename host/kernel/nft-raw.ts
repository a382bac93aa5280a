// Words of nft's own language inside a rule. They may add matches and statements; ending the rule, or the input, is not theirs.
// SPDX-License-Identifier: Apache-2.0

import { WrongValue } from './kernel-error.ts';
import type { NftCommand } from './kernel.ts';

/** They would end the statement, hide what follows, join it with another line, or stand for something else. */
const BREAKS = /[;#\\$]/;

export const hasRawWords = (command: NftCommand): boolean => command.do === 'add rule' && command.rule.match.some(({ raw }) => raw);

export function checkNftWords(words: readonly string[]): readonly string[] {
  const text = words.join(' ');
  const refuse = (why: string): WrongValue => new WrongValue('write an nft rule', `condition ${JSON.stringify(text)} ${why}`);
  if (BREAKS.test(text)) throw refuse('must be without ; # \\ and $');
  if (text.split('"').length % 2 === 0) throw refuse('has a quotation mark that is not closed');
  let open = 0;
  for (const sign of text.replace(/"[^"]*"/g, '')) {
    if (sign === '{') open++;
    if (sign === '}' && --open < 0) break;
  }
  if (open !== 0) throw refuse('has braces that do not match');
  return words;
}
