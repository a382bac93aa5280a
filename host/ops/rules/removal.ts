// Which rules of a chain a removal means.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../../kernel/kernel-error.ts';
import type { Rule } from '../../kernel/rule.ts';
import type { Present } from './draft.ts';
import type { Removal } from './rule-set.ts';

export function matchesRemoval(removal: Removal, keyOf: (rule: Rule) => string): (rule: Present) => boolean {
  const { chain, rule, comment, commentPrefix, jump } = removal;
  // Without a criterion every rule would match, of whoever it is.
  if (rule === undefined && comment === undefined && !commentPrefix && jump === undefined) {
    throw new KernelError('EINVAL', `remove rules from chain ${chain}`, 'give rule, comment, commentPrefix or jump');
  }
  const key = rule && keyOf(rule);
  return (present) =>
    (key === undefined || present.key === key) &&
    (comment === undefined || (present.comment ?? '') === comment) &&
    (commentPrefix === undefined || (present.comment ?? '').startsWith(commentPrefix)) &&
    (jump === undefined || present.jump === jump);
}
