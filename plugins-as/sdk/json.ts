// A cursor over a JSON text: nothing is built, every question is answered from the bytes.
// SPDX-License-Identifier: Apache-2.0

import { byteAt, Bytes, bytesOf, textOf } from './abi';
import { isJson, Text } from './json-scan';
import { intAt, isInt, isUint, uintAt } from './json-number';
import { decode, keyIs, skip, skipBlank, valueOf } from './json-text';

export { Arr, Obj } from './json-build';

export enum Kind { Absent, Invalid, Null, Bool, Number, String, Array, Object }

const NOTHING = new Text(new StaticArray<u8>(0));

export class Json {
  /** `start` is the first byte of the value; `name` the opening quote of its key, -1 outside objects. */
  constructor(private text: Text, readonly start: i32, readonly kind: Kind, private name: i32 = -1) {}

  static parse(text: string): Json {
    return Json.of(bytesOf(text));
  }

  static of(bytes: Bytes): Json {
    const text = new Text(bytes);
    if (!isJson(text)) return new Json(text, 0, Kind.Invalid);
    const start = skipBlank(bytes, 0);
    return new Json(text, start, kindAt(bytes, start));
  }

  static absent(): Json {
    return new Json(NOTHING, 0, Kind.Absent);
  }

  get source(): Bytes {
    return this.text.bytes;
  }

  /** There, and not null. */
  get exists(): bool {
    return this.kind > Kind.Null;
  }

  /** There, null or not; the condition of a loop with first() and next(). */
  get present(): bool {
    return this.kind >= Kind.Null;
  }

  /** The value of exactly this key; of several the last one that is not null. */
  get(key: string): Json {
    return this.find(key, false);
  }

  /** As Go's encoding/json finds the key of a configuration: upper and lower case are the same. */
  field(key: string): Json {
    return this.find(key, true);
  }

  /** Over the members without a Json for each: half of what a plugin does is looking for keys. */
  private find(key: string, fold: bool): Json {
    if (this.kind != Kind.Object) return Json.absent();
    const source = this.source;
    let found = -1;
    let start = 0;
    let at = skipBlank(source, this.start + 1);
    while (byteAt(source, at) == 0x22) {
      const value = valueOf(this.text, at);
      if (byteAt(source, value) != 0x6e && keyIs(this.text, at, key, fold)) {
        found = at;
        start = value;
      }
      at = skipBlank(source, skip(this.text, value));
      if (byteAt(source, at) == 0x2c) at = skipBlank(source, at + 1);
    }
    return found < 0 ? Json.absent() : new Json(this.text, start, kindAt(source, start), found);
  }

  /** The first element or member; not `present` when there is none. */
  first(): Json {
    if (this.kind < Kind.Array) return Json.absent();
    return this.element(skipBlank(this.source, this.start + 1));
  }

  /** The sibling after this one. */
  next(): Json {
    const at = skipBlank(this.source, this.end());
    if (at >= this.source.length || byteAt(this.source, at) != 0x2c) return Json.absent();
    return this.element(skipBlank(this.source, at + 1), this.name >= 0);
  }

  private element(at: i32, member: bool = this.kind == Kind.Object): Json {
    const byte = byteAt(this.source, at);
    if (byte == 0x5d || byte == 0x7d) return Json.absent();
    if (!member) return new Json(this.text, at, kindAt(this.source, at));
    const start = valueOf(this.text, at);
    return new Json(this.text, start, kindAt(this.source, start), at);
  }

  at(index: i32): Json {
    let element = this.first();
    for (let i = 0; i < index && element.present; i++) element = element.next();
    return element;
  }

  /** Elements or members. */
  get length(): i32 {
    let count = 0;
    for (let element = this.first(); element.present; element = element.next()) count++;
    return count;
  }

  /** The name of a member. */
  get key(): string {
    return this.name < 0 ? '' : decode(this.text, this.name);
  }

  /** '' unless it is a string. */
  str(): string {
    return this.kind == Kind.String ? decode(this.text, this.start) : '';
  }

  bool(): bool {
    return this.kind == Kind.Bool && byteAt(this.source, this.start) == 0x74;
  }

  /** A number that Go reads into an int64: without fraction or exponent, and in range. */
  get isInt(): bool {
    return this.kind == Kind.Number && isInt(this.source, this.start);
  }

  get isUint(): bool {
    return this.kind == Kind.Number && isUint(this.source, this.start);
  }

  /** 0 unless isInt. */
  int(): i64 {
    return this.isInt ? intAt(this.source, this.start) : 0;
  }

  /** 0 unless isUint. */
  uint(): u64 {
    return this.isUint ? uintAt(this.source, this.start) : 0;
  }

  raw(): string {
    return this.present ? textOf(this.source, this.start, this.end()) : '';
  }

  /** The byte after the value. */
  end(): i32 {
    return this.present ? skip(this.text, this.start) : this.start;
  }
}

function kindAt(source: Bytes, at: i32): Kind {
  switch (byteAt(source, at)) {
    case 0x7b: return Kind.Object;
    case 0x5b: return Kind.Array;
    case 0x22: return Kind.String;
    case 0x74: case 0x66: return Kind.Bool;
    case 0x6e: return Kind.Null;
    default: return Kind.Number;
  }
}
