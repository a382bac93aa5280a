// The socket to netfilter: long queues, transactions of nf_tables, and what is known of its chains.
// SPDX-License-Identifier: Apache-2.0

import { KnownChains } from './known-chains.ts';
import type { Libc } from './libc.ts';
import { NetlinkSocket, NLM_F_ECHO, SOL_SOCKET, type Echo, type Part } from './netlink.ts';
import type { Batch } from './nft-batch.ts';
import { MSG, SUBSYSTEM } from './nft-wire.ts';
import type { SharedChanges } from './shared-changes.ts';

const NETLINK_NETFILTER = 12;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
/** One transaction may hold a thousand rules, and each of its messages may be answered. */
const QUEUE_BYTES = 8 * 1024 * 1024;
/** With echoes each rule is answered with itself, and what does not fit into the queue is lost, the acknowledgement too. */
const MOST_ECHOED = 2000;

export class NetfilterSocket extends NetlinkSocket {
  readonly known = new KnownChains();
  private readonly isRoomy: boolean;

  /** `shared`: of this very namespace */
  constructor(libc: Libc, private readonly shared?: SharedChanges) {
    super(libc, NETLINK_NETFILTER);
    this.isRoomy = [SO_SNDBUFFORCE, SO_RCVBUFFORCE].map((option) => this.option(SOL_SOCKET, option, QUEUE_BYTES)).every(Boolean);
  }

  /** What is known is of this rule set from here on. */
  begin(generation: number): void {
    for (const change of this.shared?.heard() ?? []) this.known.hear(change);
    this.known.begin(generation);
  }

  /** Throws KernelError, with the action of the message that is to blame; nothing is changed then. */
  commit({ parts, actions }: Batch): void {
    const isEchoed = this.isRoomy && parts.length <= MOST_ECHOED;
    let echoes: Echo[];
    try {
      echoes = this.transaction(isEchoed ? parts.map(echoed) : parts, actions);
    } catch (error) {
      this.known.forget();
      throw error;
    }
    this.known.follow({ parts, echoes });
    if (isEchoed) this.shared?.tell({ parts, echoes });
  }
}

/** A rule's echo has its handle; whether the generation is told depends on the first message of all. */
const echoed = (part: Part, i: number): Part => (i === 1 || part.type === ((SUBSYSTEM << 8) | MSG.NEWRULE) ? { ...part, flags: part.flags | NLM_F_ECHO } : part);
