// Netlink attributes (linux/netlink.h, struct nlattr): a length, a type, a payload padded to four bytes.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';

const HEADER = 4;
/** NLA_F_NESTED; it and NLA_F_NET_BYTEORDER are flags on the type. */
export const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

const aligned = (length: number): number => (length + 3) & ~3;

/** Out of Node's pool: memory of their own, as Buffer.alloc takes it, costs small buffers ten times as much. */
export const zeros = (length: number): Buffer => Buffer.allocUnsafe(length).fill(0);

/** Builds a message body: a fixed header, then attributes. `nested` is the flag of nests, which the kernel wants and does not itself list. */
export class Body {
  /** Zeros from `length` on, so that padding is there already. */
  private bytes: Buffer;
  private length = 0;

  constructor(header: Uint8Array = new Uint8Array(0), private readonly nested = NESTED) {
    this.bytes = zeros(Math.max(256, header.length * 2));
    this.raw(header);
  }

  raw(data: Uint8Array): this {
    this.reserve(data.length);
    this.bytes.set(data, this.length);
    return this.advance(data.length);
  }

  attribute(type: number, payload: Uint8Array): this {
    return this.head(type, payload.length).raw(payload);
  }

  u8(type: number, value: number): this {
    this.head(type, 1).bytes[this.length] = value;
    return this.advance(1);
  }

  u16(type: number, value: number): this {
    this.head(type, 2).bytes.writeUInt16LE(value, this.length);
    return this.advance(2);
  }

  u32(type: number, value: number): this {
    this.head(type, 4).bytes.writeUInt32LE(value >>> 0, this.length);
    return this.advance(4);
  }

  u64(type: number, value: bigint): this {
    this.head(type, 8).bytes.writeBigUInt64LE(value, this.length);
    return this.advance(8);
  }

  be16(type: number, value: number): this {
    this.head(type, 2).bytes.writeUInt16BE(value, this.length);
    return this.advance(2);
  }

  be32(type: number, value: number): this {
    this.head(type, 4).bytes.writeUInt32BE(value >>> 0, this.length);
    return this.advance(4);
  }

  be64(type: number, value: bigint): this {
    this.head(type, 8).bytes.writeBigUInt64BE(value, this.length);
    return this.advance(8);
  }

  /** With its terminating NUL. */
  text(type: number, value: string): this {
    const size = Buffer.byteLength(value) + 1;
    this.head(type, size).bytes.write(value, this.length);
    return this.advance(size);
  }

  flag(type: number): this {
    return this.head(type, 0);
  }

  nest(type: number, fill: (inner: this) => void, flag = this.nested): this {
    const start = this.length;
    this.head(type | flag, 0);
    fill(this);
    this.bytes.writeUInt16LE(this.length - start, start);
    return this;
  }

  done(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** What is left to write is the payload, for which there is room. */
  private head(type: number, payload: number): this {
    this.reserve(HEADER + payload);
    this.bytes.writeUInt16LE(HEADER + payload, this.length);
    this.bytes.writeUInt16LE(type, this.length + 2);
    return this.advance(HEADER);
  }

  private advance(size: number): this {
    this.length = aligned(this.length + size);
    return this;
  }

  private reserve(more: number): void {
    if (aligned(this.length + more) <= this.bytes.length) return;
    const grown = zeros((this.length + more) * 2);
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

/** Attributes by type; of equal types the last wins. A link has some fifty, of which a dozen are looked at: a payload is cut out when it is asked for. */
export class Attributes {
  /** By type. A map would be a tenth of all that a call leaves to the garbage collector. */
  private readonly places: number[] = [];

  /** Throws EBADMSG for lengths that do not fit. */
  constructor(private readonly data: Buffer) {
    eachAttribute(data, (type, at) => { this.places[type] = at; });
  }

  get size(): number {
    return this.types.length;
  }

  get types(): number[] {
    return Object.keys(this.places).map(Number);
  }

  has(type: number): boolean {
    return this.places[type] !== undefined;
  }

  get(type: number): Buffer | undefined {
    const at = this.places[type];
    return at === undefined ? undefined : payloadAt(this.data, at);
  }
}

const NONE = new Attributes(Buffer.alloc(0));

export const attributesOf = (data: Buffer | undefined): Attributes => (data ? new Attributes(data) : NONE);

/** The attributes behind a message's fixed header, which must be whole before its fields are read. */
export function attributesAfter(body: Buffer, header: number): Attributes {
  if (body.length < header) throw new KernelError('EBADMSG', `read a message of ${body.length} bytes that begins with a header of ${header}`);
  return attributesOf(body.subarray(header));
}

/** The first of this type between two places; of thousands of messages often one attribute is all that is asked for. */
export function attributeBetween(data: Buffer, start: number, end: number, type: number): Buffer | undefined {
  for (let at = start; at + HEADER <= end;) {
    const length = lengthAt(data, at, end);
    if ((data.readUInt16LE(at + 2) & TYPE_MASK) === type) return data.subarray(at + HEADER, at + length);
    at += aligned(length);
  }
  return undefined;
}

/** In order, for lists whose elements all have the same type. */
export function listAttributes(data: Buffer): { type: number; payload: Buffer }[] {
  const found: { type: number; payload: Buffer }[] = [];
  eachAttribute(data, (type, at) => found.push({ type, payload: payloadAt(data, at) }));
  return found;
}

/** Of each its type, and the place of its header. */
export function eachAttribute(data: Buffer, take: (type: number, at: number) => void): void {
  for (let at = 0; at + HEADER <= data.length;) {
    const length = lengthAt(data, at, data.length);
    take(data.readUInt16LE(at + 2) & TYPE_MASK, at);
    at += aligned(length);
  }
}

export const payloadAt = (data: Buffer, at: number): Buffer => data.subarray(at + HEADER, at + data.readUInt16LE(at));

function lengthAt(data: Buffer, at: number, end: number): number {
  const length = data.readUInt16LE(at);
  if (length < HEADER || at + length > end) throw new KernelError('EBADMSG', `read an attribute of ${length} bytes in ${end - at}`);
  return length;
}

/** Text up to its NUL. */
export function textOf(payload: Buffer | undefined): string {
  if (!payload) return '';
  const end = payload.indexOf(0);
  return payload.toString('utf8', 0, end < 0 ? payload.length : end);
}

export const u8Of = (payload: Buffer | undefined): number => (payload && payload.length >= 1 ? payload[0]! : 0);
export const u32Of = (payload: Buffer | undefined): number => (payload && payload.length >= 4 ? payload.readUInt32LE(0) : 0);
/** A number in network byte order of this many bytes, as nf_tables writes them; undefined for any other length. */
export const beOf = (payload: Buffer | undefined, bytes: 4 | 8): number | undefined =>
  (payload?.length !== bytes ? undefined : bytes === 4 ? payload.readUInt32BE(0) : Number(payload.readBigUInt64BE(0)));
