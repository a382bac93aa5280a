// Objects and lists for requests and results, key by key: `new Obj().str('name', name).int('mtu', mtu)`.
// SPDX-License-Identifier: Apache-2.0

import { bytesOf } from './abi';
import { Json } from './json';
import { Writer } from './json-writer';

export class Obj extends Writer {
  constructor() {
    super(0x7b, 0x7d);
  }

  str(key: string, value: string): Obj {
    this.key(key);
    this.quoted(value);
    this.close();
    return this;
  }

  /** Only when there is something to say. */
  optional(key: string, value: string): Obj {
    return value.length == 0 ? this : this.str(key, value);
  }

  int(key: string, value: i64): Obj {
    return this.plain(key, value.toString());
  }

  bool(key: string, value: bool): Obj {
    return this.plain(key, value ? 'true' : 'false');
  }

  none(key: string): Obj {
    return this.plain(key, 'null');
  }

  obj(key: string, value: Obj): Obj {
    this.key(key);
    this.bytes(value.buffer, 0, value.length);
    this.close();
    return this;
  }

  arr(key: string, value: Arr): Obj {
    this.key(key);
    this.bytes(value.buffer, 0, value.length);
    this.close();
    return this;
  }

  /** A value as it stands in another document. */
  json(key: string, value: Json): Obj {
    if (!value.present) return this;
    this.key(key);
    this.bytes(value.source, value.start, value.end());
    this.close();
    return this;
  }

  /** Text that is known to be JSON. */
  raw(key: string, json: string): Obj {
    this.key(key);
    const bytes = bytesOf(json);
    this.bytes(bytes, 0, bytes.length);
    this.close();
    return this;
  }

  private plain(key: string, value: string): Obj {
    this.key(key);
    this.ascii(value);
    this.close();
    return this;
  }

  private key(key: string): void {
    this.open();
    this.quoted(key);
    this.ascii(':');
  }
}

export class Arr extends Writer {
  constructor() {
    super(0x5b, 0x5d);
  }

  static of(values: string[]): Arr {
    const list = new Arr();
    for (let i = 0; i < values.length; i++) list.str(values[i]);
    return list;
  }

  str(value: string): Arr {
    this.open();
    this.quoted(value);
    this.close();
    return this;
  }

  int(value: i64): Arr {
    this.open();
    this.ascii(value.toString());
    this.close();
    return this;
  }

  obj(value: Obj): Arr {
    this.open();
    this.bytes(value.buffer, 0, value.length);
    this.close();
    return this;
  }

  arr(value: Arr): Arr {
    this.open();
    this.bytes(value.buffer, 0, value.length);
    this.close();
    return this;
  }

  json(value: Json): Arr {
    if (!value.present) return this;
    this.open();
    this.bytes(value.source, value.start, value.end());
    this.close();
    return this;
  }
}
