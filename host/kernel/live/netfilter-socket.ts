// The socket to netfilter: long queues, transactions of nf_tables, and what is known of its chains.
// SPDX-License-Identifier: Apache-2.0

import { KnownChains } from './known-chains.ts';
import type { Libc } from './libc.ts';
import { NetlinkSocket, NETLINK_NETFILTER, SO_RCVBUFFORCE, SOL_SOCKET } from './netlink.ts';
import type { Batch } from './nft-batch.ts';
import { generationIn } from './nft-questions.ts';
import { RuleEvents } from './rule-events.ts';

const SO_SNDBUFFORCE = 32;
/** One transaction may hold a thousand rules, and each of its messages may be answered. */
const QUEUE_BYTES = 8 * 1024 * 1024;

export class NetfilterSocket extends NetlinkSocket {
  readonly known = new KnownChains();
  private readonly events: RuleEvents;

  constructor(libc: Libc) {
    super(libc, NETLINK_NETFILTER);
    for (const option of [SO_SNDBUFFORCE, SO_RCVBUFFORCE]) this.option(SOL_SOCKET, option, QUEUE_BYTES);
    try {
      this.events = new RuleEvents(libc);
    } catch (error) {
      super.close();
      throw error;
    }
  }

  /** Asks which generation it is. What is known is of that one from here on. */
  begin(): number {
    const generation = generationIn(this);
    const heard = this.events.heard();
    if (!heard) this.known.forget();
    for (const transaction of heard ?? []) this.known.follow(transaction);
    this.known.begin(generation);
    return generation;
  }

  /** Throws KernelError, with the action of the message that is to blame; nothing is changed then. */
  commit({ parts, actions }: Batch): void {
    try {
      this.transaction(parts, actions);
    } catch (error) {
      // A table goes with its owner, and nobody is told.
      this.known.forget();
      throw error;
    }
  }

  override close(): void {
    this.events.close();
    super.close();
  }
}
