// What the threads of one process tell each other of their changes of rules, so that none has to list what another has just written. Nobody relies
// on it: who misses one finds the kernel's count of changes further on than it knows of.
// SPDX-License-Identifier: Apache-2.0

import { BroadcastChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { message, messagesIn, type Message } from './netlink-message.ts';
import type { Echo, Part } from './netlink.ts';

/** A transaction of nf_tables that was carried out, and what the kernel echoed of it. */
export interface Change { parts: readonly Part[]; echoes: readonly Echo[] }

export interface SharedChanges {
  tell(change: Change): void;
  /** Those of others since it was asked last, as far as they are kept: in the order they were told. */
  heard(): Change[];
}

/** Netlink messages, each with the index of its part as its sequence number. */
interface Told { parts: Uint8Array; echoes: Uint8Array }

/** Some hundred kilobytes for a thread that has had nothing to do for long. */
const MOST_KEPT = 64;

/** Of one network namespace: the name says which. */
export function sharedChanges(netns: string): SharedChanges {
  const channel = new BroadcastChannel(`rules of ${netns}`);
  let kept: Told[] = [];
  const keep = (told: Told): void => {
    // With one missing those that follow it are of no use.
    if (kept.length === MOST_KEPT) kept = [];
    kept.push(told);
  };
  channel.onmessage = ({ data }) => keep(data as Told);
  channel.unref();
  return {
    tell: ({ parts, echoes }) => channel.postMessage({
      parts: packed(parts.map(({ type, flags, body }, i) => message(type, flags, i, body))),
      echoes: packed(echoes.map(({ part, message: { type, flags, body } }) => message(type, flags, part, body))),
    } satisfies Told),
    heard() {
      // In the middle of a call no event comes.
      for (let next = received(channel); next; next = received(channel)) keep(next);
      return kept.splice(0).map(({ parts, echoes }) => ({
        parts: unpacked(parts),
        echoes: unpacked(echoes).map((echo) => ({ part: echo.sequence, message: echo })),
      }));
    },
  };
}

/** Node takes either kind here; its types know of the port alone. */
const received = (channel: BroadcastChannel): Told | undefined => receiveMessageOnPort(channel as unknown as MessagePort)?.message as Told | undefined;

/** In memory of its own: what is cut out of a larger piece would be sent with all of that. */
function packed(messages: readonly Buffer[]): Uint8Array {
  const bytes = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of messages) {
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
}

const unpacked = ({ buffer }: Uint8Array): Message[] => messagesIn(Buffer.from(buffer));
