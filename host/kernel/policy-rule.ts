// Which policy rule is meant, however it is spelled.
// SPDX-License-Identifier: Apache-2.0

import { formatPrefix, parsePrefix } from './address.ts';
import type { PolicyRule } from './kernel.ts';

/** A rule that is asked for without a priority means one of any. */
export const isMeant = (one: PolicyRule, { priority = one.priority, table, from, to }: PolicyRule): boolean =>
  one.priority === priority && one.table === table && selector(one.from) === selector(from) && selector(one.to) === selector(to);

/** As the kernel lists it; /0 is no selector. */
function selector(text: string | undefined): string | undefined {
  const prefix = text === undefined ? undefined : parsePrefix(text);
  return prefix && prefix.length > 0 ? formatPrefix(prefix.bytes, prefix.length) : undefined;
}
