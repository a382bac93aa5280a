// The frame that qdisc, class and filter messages share (linux/rtnetlink.h, struct tcmsg).
// SPDX-License-Identifier: Apache-2.0

import type { Attributes, Body } from './attributes.ts';

export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;

interface TcHeader { index: number; handle?: number; parent?: number; info?: number }

export function tcHeader({ index, handle = 0, parent = 0, info = 0 }: TcHeader): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(handle >>> 0, 8);
  bytes.writeUInt32LE(parent >>> 0, 12);
  bytes.writeUInt32LE(info >>> 0, 16);
  return bytes;
}

export const tcFacts = (body: Buffer): Required<TcHeader> =>
  ({ index: body.readInt32LE(4), handle: body.readUInt32LE(8), parent: body.readUInt32LE(12), info: body.readUInt32LE(16) });

/** The most that struct tc_ratespec can say, in bytes/s; an attribute of 64 bits says more. */
const NARROW = 0xffffffff;
/** Where it has the rate. */
const RATE = 8;

/** struct tc_ratespec: cell_log, linklayer, overhead, cell_align, mpu, rate. All but the rate are zero, as the reference's. */
export function rateSpec(bytesPerSecond: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(Math.min(bytesPerSecond, NARROW), RATE);
  return bytes;
}

export function addWideRate(options: Body, type: number, bytesPerSecond: number): void {
  if (bytesPerSecond > NARROW) options.u64(type, BigInt(bytesPerSecond));
}

/** In bytes/s: the attribute `type`, else the tc_ratespec at `at` of `specs`. */
export function rateOf(options: Attributes, type: number, specs: Buffer, at: number): number {
  const wide = options.get(type);
  return wide && wide.length >= 8 ? Number(wide.readBigUInt64LE(0)) : specs.readUInt32LE(at + RATE);
}
