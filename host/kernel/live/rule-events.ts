// What becomes of nf_tables in a namespace, as the kernel tells whoever listens: what each transaction has changed, whoever made it, and the
// generation it has led to.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { Libc } from './libc.ts';
import type { Message } from './netlink-message.ts';
import { NetlinkSocket, NETLINK_NETFILTER, SO_RCVBUFFORCE, SOL_NETLINK, SOL_SOCKET } from './netlink.ts';
import { generationSaid } from './nft-answer.ts';
import { MSG, SUBSYSTEM } from './nft-wire.ts';

const NETLINK_ADD_MEMBERSHIP = 1;
/** linux/netfilter/nfnetlink.h */
const NFNLGRP_NFTABLES = 7;
/** Some thousand rules, from one call to the next; when more have changed they are better listed. */
const QUEUE_BYTES = 2 * 1024 * 1024;

/** The last message of a transaction. */
const END = (SUBSYSTEM << 8) | MSG.NEWGEN;

/** `messages`: what is new, and what is gone, in the order it was asked for */
export interface Transaction { generation: number; messages: readonly Message[] }

export class RuleEvents extends NetlinkSocket {
  /** of a transaction whose end has not been read */
  private begun: Message[] = [];

  private listens = false;

  constructor(libc: Libc) {
    super(libc, NETLINK_NETFILTER);
  }

  /** Those since it was asked last, in order. Undefined: the queue had no room for all. Who never asks has the kernel load nothing, and write nothing down. */
  heard(): Transaction[] | undefined {
    if (!this.listens) this.listen();
    const transactions: Transaction[] = [];
    let areAll = true;
    for (;;) {
      const messages = this.datagram();
      if (messages === 'lost') areAll = false;
      else if (!messages) break;
      else for (const message of messages) this.take(message, transactions);
    }
    if (areAll) return transactions;
    this.begun = [];
    return undefined;
  }

  private listen(): void {
    this.listens = true;
    this.option(SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES);
    this.option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES);
  }

  private take(message: Message, transactions: Transaction[]): void {
    if (message.type !== END) return void this.begun.push(message);
    transactions.push({ generation: generationSaid(message) ?? 0, messages: this.begun });
    this.begun = [];
  }

  private datagram(): Message[] | 'lost' | undefined {
    try {
      return this.waiting('read what has become of nf_tables');
    } catch (error) {
      // The queue was full, or a datagram is none; what is behind it can be read.
      if (error instanceof KernelError && ['ENOBUFS', 'EMSGSIZE', 'EBADMSG'].includes(error.errno)) return 'lost';
      throw error;
    }
  }
}
