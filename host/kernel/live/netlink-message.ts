// Netlink messages (linux/netlink.h, struct nlmsghdr): several in a datagram, each with a header, a body and padding.
// SPDX-License-Identifier: Apache-2.0

import { KernelError, meansNotFound } from '../kernel-error.ts';
import { attributesOf, textOf, zeros } from './attributes.ts';
import { errnoName } from './errno.ts';

/** In its datagram: of thousands few are looked into, and to cut out a body takes longer than to pass it over. */
export class Message {
  constructor(readonly type: number, readonly flags: number, readonly sequence: number, readonly data: Buffer, readonly start: number, readonly end: number) {}

  get body(): Buffer {
    return this.data.subarray(this.start, this.end);
  }
}

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const HEADER = 16;

export function message(type: number, flags: number, sequence: number, body: Uint8Array): Buffer {
  const bytes = zeros((HEADER + body.length + 3) & ~3);
  bytes.writeUInt32LE(HEADER + body.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set(body, HEADER);
  return bytes;
}

/** The messages of one datagram. Throws EBADMSG for lengths that do not fit. */
export function messagesIn(data: Buffer): Message[] {
  const found: Message[] = [];
  for (let at = 0; at + HEADER <= data.length;) {
    const length = data.readUInt32LE(at);
    if (length < HEADER || at + length > data.length) throw new KernelError('EBADMSG', `read a message of ${length} bytes in ${data.length - at}`);
    found.push(new Message(data.readUInt16LE(at + 4), data.readUInt16LE(at + 6), data.readUInt32LE(at + 8), data, at + HEADER, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/** NLMSG_ERROR and NLMSG_DONE both begin with a negative errno, 0 for success. */
const errnoIn = (body: Buffer): number => (body.length >= 4 ? -body.readInt32LE(0) : 0);

/** What was asked for is not there. To make an error of it would take longer than the answer did. */
export const saysNotFound = ({ body }: Message): boolean => meansNotFound(errnoName(errnoIn(body)));

/** An error has behind its number the message it is about. */
export function errorIn({ type, flags, body }: Message, action: string): KernelError | undefined {
  const errno = errnoIn(body);
  if (errno === 0) return undefined;
  const capped = (flags & NLM_F_CAPPED) !== 0 || body.length < 4 + HEADER;
  const about = type === NLMSG_DONE ? 0 : capped ? HEADER : (Math.min(body.readUInt32LE(4), body.length) + 3) & ~3;
  const words = (flags & NLM_F_ACK_TLVS) !== 0 ? textOf(attributesOf(body.subarray(4 + about)).get(NLMSGERR_ATTR_MSG)) : '';
  return new KernelError(errnoName(errno), action, words || undefined);
}
