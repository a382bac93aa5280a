// Writes JSON front to back: after every call the buffer holds a complete document, ready to be handed out.
// SPDX-License-Identifier: Apache-2.0

import { Bytes, copy, textOf } from './abi';

const HEX = '0123456789abcdef';

export class Writer {
  buffer: Bytes = new StaticArray<u8>(120);
  /** Bytes of the document, its closing bracket included. */
  length: i32 = 2;

  constructor(opening: u8, private closing: u8) {
    this.buffer[0] = opening;
    this.buffer[1] = closing;
  }

  text(): string {
    return textOf(this.buffer, 0, this.length);
  }

  get isEmpty(): bool {
    return this.length == 2;
  }

  protected open(): void {
    this.length--;
    if (this.length > 1) this.byte(0x2c);
  }

  protected close(): void {
    this.byte(this.closing);
  }

  private room(more: i32): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const larger = new StaticArray<u8>(max(needed, this.buffer.length * 2));
    copy(this.buffer, 0, this.length, larger, 0);
    this.buffer = larger;
  }

  private byte(byte: i32): void {
    this.room(1);
    unchecked(this.buffer[this.length++] = <u8>byte);
  }

  protected bytes(from: Bytes, start: i32, end: i32): void {
    this.room(end - start);
    copy(from, start, end, this.buffer, this.length);
    this.length += end - start;
  }

  protected ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  protected quoted(text: string): void {
    this.byte(0x22);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit == 0x22 || unit == 0x5c) {
        this.byte(0x5c);
        this.byte(unit);
      } else if (unit >= 0x20 && unit < 0x80) this.byte(unit);
      else if (unit < 0x20) this.escaped(unit);
      else if (unit < 0x800) {
        this.byte(0xc0 | (unit >> 6));
        this.byte(0x80 | (unit & 0x3f));
      } else if ((unit & 0xf800) != 0xd800) this.three(unit);
      else if (unit < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) == 0xdc00) {
        this.four(0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff));
      } else this.escaped(unit);
    }
    this.byte(0x22);
  }

  /** Control characters, and lone surrogates, which UTF-8 cannot hold. */
  private escaped(unit: i32): void {
    this.ascii('\\u');
    for (let shift = 12; shift >= 0; shift -= 4) this.byte(HEX.charCodeAt((unit >> shift) & 15));
  }

  private three(point: i32): void {
    this.byte(0xe0 | (point >> 12));
    this.byte(0x80 | ((point >> 6) & 0x3f));
    this.byte(0x80 | (point & 0x3f));
  }

  private four(point: i32): void {
    this.byte(0xf0 | (point >> 18));
    this.byte(0x80 | ((point >> 12) & 0x3f));
    this.byte(0x80 | ((point >> 6) & 0x3f));
    this.byte(0x80 | (point & 0x3f));
  }
}
