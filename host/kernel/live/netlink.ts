// One AF_NETLINK socket: requests, answers in parts, errors with the kernel's own words.
// SPDX-License-Identifier: Apache-2.0

import { now } from '../../clock.ts';
import { KernelError } from '../kernel-error.ts';
import type { Libc } from './libc.ts';
import { errorIn, message, messagesIn, NLMSG_DONE, NLMSG_ERROR, saysNotFound, type Message } from './netlink-message.ts';

const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_ECHO = 8;
const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
const NLM_F_DUMP_INTR = 0x10;

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
export const NETLINK_NETFILTER = 12;
export const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
export const SO_RCVBUFFORCE = 33;
const SO_NETNS_COOKIE = 71;
export const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

/** seconds, for an answer or the next part of it; the slowest are grace periods of some 20 ms */
const ANSWER_TIMEOUT = 10;
/** The last datagram of any socket. The kernel builds dump parts of at most 32 KiB. */
const received = Buffer.alloc(64 * 1024);
/** A dump that others' changes interrupt is taken again; the reference takes what it has after as many tries. */
const DUMP_TRIES = 5;

export interface Part { type: number; flags: number; body: Buffer }

export class NetlinkSocket {
  private readonly fd: number;
  private next = 1;
  /** What an answer that did not come, or came in pieces, leaves behind is nobody's business, and as long as it is not read the kernel may drop what else there is: such a socket is not used again. */
  sound = true;

  constructor(private readonly libc: Libc, protocol: number) {
    const action = 'open a netlink socket';
    this.fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol, action);
    // Connected to the kernel, it takes messages from nobody else; whoever has CAP_NET_ADMIN in the namespace could send it some.
    const kernel = Buffer.alloc(12);
    kernel.writeUInt16LE(AF_NETLINK, 0);
    libc.connect(this.fd, kernel, action);
    const timeout = Buffer.alloc(16);
    timeout.writeUInt32LE(ANSWER_TIMEOUT, 0);
    libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVTIMEO, timeout, action);
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) this.option(SOL_NETLINK, option, 1);
  }

  /** A question that the kernel answers with one object or an error. No acknowledgement is wanted: it would be one more message to read. */
  ask(type: number, body: Uint8Array, action: string, isThere = true): Message | undefined {
    const sequence = this.sequences(1);
    this.libc.send(this.fd, message(type, NLM_F_REQUEST, sequence, body), action);
    return this.collect(sequence, action, { atMost: 1, isThere }).messages[0];
  }

  /** The same about what may not be there: undefined then. */
  find(type: number, body: Uint8Array, action: string): Message | undefined {
    return this.ask(type, body, action, false);
  }

  /** A change, or a question that may be answered with nothing: what came before the acknowledgement. Throws KernelError. */
  request(type: number, flags: number, body: Uint8Array, action: string): Message[] {
    const sequence = this.sequences(1);
    this.libc.send(this.fd, message(type, flags | NLM_F_REQUEST | NLM_F_ACK, sequence, body), action);
    return this.collect(sequence, action).messages;
  }

  /** All objects of a kind. */
  dump(type: number, body: Uint8Array, action: string): Message[] {
    for (let tries = 1; ; tries++) {
      const sequence = this.sequences(1);
      this.libc.send(this.fd, message(type, NLM_F_DUMP | NLM_F_REQUEST, sequence, body), action);
      const { messages, interrupted } = this.collect(sequence, action);
      if (!interrupted || tries === DUMP_TRIES) return messages;
    }
  }

  /** What `dump` gives of one family: where IPv6 is off, the kernel answers with those of all others, or knows no such family. Its number comes first in question and answer. */
  dumpFamily(family: number, type: number, body: Uint8Array, action: string): Message[] {
    try {
      return this.dump(type, body, action).filter(({ data, start }) => data[start] === family);
    } catch (error) {
      if (error instanceof KernelError && error.errno === 'EAFNOSUPPORT') return [];
      throw error;
    }
  }

  /** Several messages in one send, as nf_tables transactions are. The first error is thrown with the action of its message. */
  transaction(parts: readonly Part[], actions: readonly string[]): void {
    const first = this.sequences(parts.length);
    const last = first + parts.length - 1;
    const bytes = Buffer.concat(parts.map(({ type, flags, body }, i) => message(type, flags | NLM_F_REQUEST, first + i, body)));
    this.libc.send(this.fd, bytes, 'send a transaction');
    const wanted = new Set(parts.flatMap(({ flags }, i) => (flags & NLM_F_ACK ? [first + i] : [])));
    let failure: KernelError | undefined;
    const deadline = deadlineNow();
    while (wanted.size > 0) {
      for (const answer of this.receive('read the answers to a transaction', deadline)) {
        const { sequence } = answer;
        if (sequence < first || sequence > last || answer.type !== NLMSG_ERROR) continue;
        wanted.delete(sequence);
        const error = errorIn(answer, actions[sequence - first] ?? 'commit a transaction');
        // An error of the batch's end alone is the commit's; else the first one names the culprit, and no later message is acknowledged.
        if (error) failure ??= error;
      }
      // What else of it waits in the queue has old sequence numbers and is passed over by the next request.
      if (failure) throw failure;
    }
  }

  /** The number of its namespace, which no other gets while the node runs; undefined before Linux 5.14. */
  netnsCookie(): bigint | undefined {
    return this.libc.getsockopt64(this.fd, SOL_SOCKET, SO_NETNS_COOKIE);
  }

  close(): void {
    this.libc.close(this.fd);
  }

  private collect(wanted: number, action: string, { atMost, isThere = true }: { atMost?: number; isThere?: boolean } = {}): { messages: Message[]; interrupted: boolean } {
    const messages: Message[] = [];
    let interrupted = false;
    for (let deadline = deadlineNow(); ;) {
      for (const answer of this.receive(action, deadline)) {
        if (answer.sequence !== wanted) continue;
        // A large table takes as long as it takes.
        deadline = deadlineNow();
        interrupted ||= (answer.flags & NLM_F_DUMP_INTR) !== 0;
        if (answer.type === NLMSG_DONE || answer.type === NLMSG_ERROR) {
          if (!isThere && saysNotFound(answer)) return { messages, interrupted };
          const error = errorIn(answer, action);
          if (error) throw error;
          return { messages, interrupted };
        }
        messages.push(answer);
        if (messages.length === atMost) return { messages, interrupted };
      }
    }
  }

  private receive(action: string, deadline: number): Message[] {
    this.sound = false;
    if (now() > deadline) throw new KernelError('ETIMEDOUT', action, 'the kernel did not come to an end');
    const length = this.libc.recv(this.fd, received, action);
    // The next datagram comes to the same place.
    const messages = messagesIn(Buffer.from(received.subarray(0, length)));
    this.sound = true;
    return messages;
  }

  /** A datagram that is there already; undefined when there is none. */
  protected waiting(action: string): Message[] | undefined {
    const length = this.libc.recvWaiting(this.fd, received, action);
    return length === undefined ? undefined : messagesIn(Buffer.from(received.subarray(0, length)));
  }

  /** `count` numbers in a row; the field has 32 bits. */
  private sequences(count: number): number {
    if (this.next + count > 0x7fffffff) this.next = 1;
    const first = this.next;
    this.next += count;
    return first;
  }

  /** False: kernels lack the newer ones, and a user namespace may not force buffers; both answer as well without. */
  protected option(level: number, option: number, value: number): boolean {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    try {
      this.libc.setsockopt(this.fd, level, option, bytes, 'set a netlink option');
      return true;
    } catch (error) {
      if (error instanceof KernelError && ['ENOPROTOOPT', 'EPERM'].includes(error.errno)) return false;
      throw error;
    }
  }
}

const deadlineNow = (): number => now() + ANSWER_TIMEOUT * 1000;
