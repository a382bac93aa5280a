// Netlink messages (linux/netlink.h, struct nlmsghdr): several in a datagram, each with a header, a body and padding.
// SPDX-License-Identifier: Apache-2.0

import { KernelError, meansNotFound } from '../kernel-error.ts';
import { attributesOf, textOf, zeros } from './attributes.ts';
import { errnoName } from './errno.ts';

export interface Received { type: number; flags: number; sequence: number; body: Buffer }

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

/** Is what a message says between these two places of its datagram worth to be looked at? */
export type Sieve = (start: number, end: number) => boolean;
/** What is left of a message that is not. */
export const PASSED_OVER = Buffer.alloc(0);

/** The messages of one datagram. Throws EBADMSG for lengths that do not fit. */
export function messagesIn(data: Buffer, isWanted?: Sieve): Received[] {
  const found: Received[] = [];
  for (let at = 0; at + HEADER <= data.length;) {
    const length = data.readUInt32LE(at);
    if (length < HEADER || at + length > data.length) throw new KernelError('EBADMSG', `read a message of ${length} bytes in ${data.length - at}`);
    const [type, end] = [data.readUInt16LE(at + 4), at + length];
    const isWhole = type === NLMSG_DONE || type === NLMSG_ERROR || !isWanted || isWanted(at + HEADER, end);
    found.push({ type, flags: data.readUInt16LE(at + 6), sequence: data.readUInt32LE(at + 8), body: isWhole ? data.subarray(at + HEADER, end) : PASSED_OVER });
    at += (length + 3) & ~3;
  }
  return found;
}

/** NLMSG_ERROR and NLMSG_DONE both begin with a negative errno, 0 for success. */
const errnoIn = (body: Buffer): number => (body.length >= 4 ? -body.readInt32LE(0) : 0);

/** What was asked for is not there. To make an error of it would take longer than the answer did. */
export const saysNotFound = (body: Buffer): boolean => meansNotFound(errnoName(errnoIn(body)));

/** An error has behind its number the message it is about. */
export function errorIn(type: number, body: Buffer, flags: number, action: string): KernelError | undefined {
  const errno = errnoIn(body);
  if (errno === 0) return undefined;
  const capped = (flags & NLM_F_CAPPED) !== 0 || body.length < 4 + HEADER;
  const about = type === NLMSG_DONE ? 0 : capped ? HEADER : (Math.min(body.readUInt32LE(4), body.length) + 3) & ~3;
  const words = (flags & NLM_F_ACK_TLVS) !== 0 ? textOf(attributesOf(body.subarray(4 + about)).get(NLMSGERR_ATTR_MSG)) : '';
  return new KernelError(errnoName(errno), action, words || undefined);
}
