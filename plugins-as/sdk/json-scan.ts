// Reads a JSON text once, before anyone looks into it: what passes here, the cursor may trust byte by byte.
// SPDX-License-Identifier: Apache-2.0

import { Bytes } from './abi';

const DEEPEST = 64;

/** A larger one is looked through as often as something in it is passed over: an end is 16 bits, and memory has its limit. */
const LARGEST_NOTED = 0xffff;

/** A JSON text, and for each byte with which a string, an array or an object begins, where that ends; for others 0. */
export class Text {
  readonly ends: StaticArray<u16>;

  constructor(readonly bytes: Bytes) {
    this.ends = new StaticArray<u16>(bytes.length > LARGEST_NOTED ? 0 : bytes.length);
  }
}

/** Whether the bytes are exactly one JSON value in well-formed UTF-8, at most 64 levels deep. Notes the ends. */
export function isJson(text: Text): bool {
  const scan = new Scan(text);
  scan.blank();
  if (!scan.value(0)) return false;
  scan.blank();
  return scan.at == text.bytes.length;
}

class Scan {
  at: i32 = 0;
  private text: Bytes;
  private ends: StaticArray<u16>;

  constructor(text: Text) {
    this.text = text.bytes;
    this.ends = text.ends;
  }

  /** The byte at hand, -1 at the end. */
  private peek(): i32 {
    return this.at < this.text.length ? unchecked(this.text[this.at]) : -1;
  }

  private eat(byte: i32): bool {
    if (this.peek() != byte) return false;
    this.at++;
    return true;
  }

  private note(start: i32): bool {
    if (start < this.ends.length) unchecked(this.ends[start] = <u16>this.at);
    return true;
  }

  blank(): void {
    let byte = this.peek();
    while (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) {
      this.at++;
      byte = this.peek();
    }
  }

  value(depth: i32): bool {
    switch (this.peek()) {
      case 0x7b: return depth < DEEPEST && this.object(depth + 1);
      case 0x5b: return depth < DEEPEST && this.array(depth + 1);
      case 0x22: return this.string();
      case 0x74: return this.word('true');
      case 0x66: return this.word('false');
      case 0x6e: return this.word('null');
      default: return this.number();
    }
  }

  private object(depth: i32): bool {
    const start = this.at++;
    this.blank();
    if (this.eat(0x7d)) return this.note(start);
    do {
      this.blank();
      if (!this.string()) return false;
      this.blank();
      if (!this.eat(0x3a)) return false;
      this.blank();
      if (!this.value(depth)) return false;
      this.blank();
    } while (this.eat(0x2c));
    return this.eat(0x7d) && this.note(start);
  }

  private array(depth: i32): bool {
    const start = this.at++;
    this.blank();
    if (this.eat(0x5d)) return this.note(start);
    do {
      this.blank();
      if (!this.value(depth)) return false;
      this.blank();
    } while (this.eat(0x2c));
    return this.eat(0x5d) && this.note(start);
  }

  private string(): bool {
    const start = this.at;
    if (!this.eat(0x22)) return false;
    while (true) {
      const byte = this.peek();
      if (byte < 0x20) return false;
      this.at++;
      if (byte == 0x22) return this.note(start);
      if (byte == 0x5c) {
        if (!this.escape()) return false;
      } else if (byte >= 0x80 && !this.sequence(byte)) return false;
    }
  }

  private escape(): bool {
    const byte = this.peek();
    this.at++;
    switch (byte) {
      case 0x22: case 0x5c: case 0x2f: case 0x62: case 0x66: case 0x6e: case 0x72: case 0x74: return true;
      case 0x75: break;
      default: return false;
    }
    for (let i = 0; i < 4; i++) {
      if (hexDigit(this.peek()) < 0) return false;
      this.at++;
    }
    return true;
  }

  /** The rest of a UTF-8 sequence (Unicode table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. */
  private sequence(lead: i32): bool {
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    let low = 0x80;
    let high = 0xbf;
    if (lead == 0xe0) low = 0xa0;
    else if (lead == 0xed) high = 0x9f;
    else if (lead == 0xf0) low = 0x90;
    else if (lead == 0xf4) high = 0x8f;
    for (let i = 0; i < more; i++) {
      const byte = this.peek();
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xbf;
      this.at++;
    }
    return true;
  }

  private number(): bool {
    this.eat(0x2d);
    if (!this.eat(0x30) && !this.digits()) return false;
    if (this.eat(0x2e) && !this.digits()) return false;
    if (this.eat(0x65) || this.eat(0x45)) {
      if (!this.eat(0x2b)) this.eat(0x2d);
      return this.digits();
    }
    return true;
  }

  private digits(): bool {
    const start = this.at;
    while (this.peek() >= 0x30 && this.peek() <= 0x39) this.at++;
    return this.at > start;
  }

  private word(word: string): bool {
    for (let i = 0; i < word.length; i++) {
      if (!this.eat(word.charCodeAt(i))) return false;
    }
    return true;
  }
}

/** 0 to 15, or -1. */
export function hexDigit(byte: i32): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
