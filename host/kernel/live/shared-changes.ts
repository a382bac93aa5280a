// What the threads of one process tell each other of their changes of rules, so that none has to list what another has just written. Nobody relies
// on it: who misses one finds the kernel's count of changes further on than it knows of.
// SPDX-License-Identifier: Apache-2.0

import { message, messagesIn } from './netlink-message.ts';
import type { Echo, Part } from './netlink.ts';
import type { SharedRing } from './shared-ring.ts';

/** A transaction of nf_tables that was carried out, and what the kernel echoed of it. */
export interface Change { parts: readonly Part[]; echoes: readonly Echo[] }

export interface SharedChanges {
  tell(change: Change): void;
  /** Those of others since it was asked last, in the order they were told. */
  heard(): Change[];
}

/** How many parts there are: the other messages are echoes. */
const COUNT = 4;

/** Of one network namespace. A change is written as netlink messages, each with the index of its part as its sequence number. */
export const sharedChanges = (ring: SharedRing): SharedChanges => ({
  tell({ parts, echoes }) {
    const count = Buffer.alloc(COUNT);
    count.writeUInt32LE(parts.length);
    ring.write(Buffer.concat([
      count,
      ...parts.map(({ type, flags, body }, i) => message(type, flags, i, body)),
      ...echoes.map(({ part, message: { type, flags, body } }) => message(type, flags, part, body)),
    ]));
  },
  heard: () => ring.read().map((bytes) => {
    const messages = messagesIn(bytes.subarray(COUNT));
    const count = bytes.readUInt32LE();
    return { parts: messages.slice(0, count), echoes: messages.slice(count).map((echo) => ({ part: echo.sequence, message: echo })) };
  }),
});
