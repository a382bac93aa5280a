// GC of leases: those whose owner is no valid attachment any more, whoever made them.
// SPDX-License-Identifier: Apache-2.0

import { isAddress } from '../kernel/address.ts';
import { messageOf } from '../message-of.ts';
import type { Store } from './store.ts';

/** Goes on after errors; returns what was freed and why the others were not. */
export function collectLeases(store: Store, valid: readonly { containerID: string; ifname: string }[]): { deleted: number; problems: string[] } {
  store.repair();
  const owners = new Set(valid.flatMap(ownersOf));
  const problems: string[] = [];
  let deleted = 0;
  for (const { key, value } of store.list()) {
    if (owners.has(value.trim()) || !isAddress(key)) continue;
    try {
      store.delete(key);
      deleted++;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return { deleted, problems };
}

/** Both forms an entry can have: old versions of the reference wrote the container alone. */
const ownersOf = ({ containerID, ifname }: { containerID: string; ifname: string }): string[] => [`${containerID}\r\n${ifname}`, containerID];
