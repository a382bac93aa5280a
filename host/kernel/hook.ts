// Where a base chain of nf_tables is called from the network stack.
// SPDX-License-Identifier: Apache-2.0

import type { NftHook } from './kernel.ts';

/** Two chains that have none are called from the same place, too: from rules alone. */
export const sameHook = (one: NftHook | undefined, other: NftHook | undefined): boolean =>
  one?.type === other?.type && one?.hook === other?.hook && one?.priority === other?.priority;
