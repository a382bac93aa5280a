// Reads a configuration with types, as Go decodes into a struct: keys in any case, null is the default, a wrong type is an error.
// SPDX-License-Identifier: Apache-2.0

import { Json, Kind } from './json';

/** The first thing found wrong in a document, shared by all readers of it. */
class Problem {
  text: string = '';
}

export class Config {
  /** `type` and `path` are named in problems: `NetConf` and `` for the whole, `types.IPAM` and `ipam.` for a part. */
  constructor(readonly json: Json, private type: string, private path: string = '', private found: Problem = new Problem()) {
    if (json.exists && json.kind != Kind.Object) this.wrong(json, path.substring(0, path.length - 1), type);
  }

  /** The first key whose value has the wrong type, in Go's words; '' when all that was read so far is right. */
  get problem(): string {
    return this.found.text;
  }

  /** Reports that a value is not what its key stands for. */
  refuse(problem: string): void {
    if (this.found.text.length == 0) this.found.text = problem;
  }

  has(key: string): bool {
    return this.json.field(key).exists;
  }

  /** `type` is the one that the text is decoded into. */
  str(key: string, otherwise: string = '', type: string = 'string'): string {
    const value = this.typed(key, Kind.String, type);
    return value.exists ? value.str() : otherwise;
  }

  bool(key: string): bool {
    return this.typed(key, Kind.Bool, 'bool').bool();
  }

  int(key: string, otherwise: i64 = 0): i64 {
    const value = this.typed(key, Kind.Number, 'int');
    if (value.exists && !value.isInt) this.wrong(value, this.path + key, 'int');
    return value.exists ? value.int() : otherwise;
  }

  uint(key: string, otherwise: u64 = 0): u64 {
    const value = this.typed(key, Kind.Number, 'uint64');
    if (value.exists && !value.isUint) this.wrong(value, this.path + key, 'uint64');
    return value.exists ? value.uint() : otherwise;
  }

  /** An object below this one; reading from one that is not there gives defaults. */
  part(key: string, type: string): Config {
    return new Config(this.typed(key, Kind.Object, type), type, this.path + key + '.', this.found);
  }

  /** Keys that stand in this object, and that Go's messages name with the struct it embeds. */
  embedded(name: string): Config {
    return new Config(this.json, this.type, this.path + name + '.', this.found);
  }

  parts(key: string, type: string): Config[] {
    const parts: Config[] = [];
    const list = this.typed(key, Kind.Array, '[]' + type);
    for (let e = list.first(); e.present; e = e.next()) {
      parts.push(this.element(e, key, type));
    }
    return parts;
  }

  /** `type` is the one that texts are decoded into. */
  strings(key: string, type: string = 'string'): string[] {
    const texts: string[] = [];
    const list = this.typed(key, Kind.Array, '[]' + type);
    for (let e = list.first(); e.present; e = e.next()) {
      if (e.exists && e.kind != Kind.String) this.wrong(e, this.path + key, type);
      texts.push(e.str());
    }
    return texts;
  }

  /** A list as it stands, for elements that are neither objects nor strings. */
  list(key: string, type: string): Json {
    return this.typed(key, Kind.Array, type);
  }

  /** One element of such a list. */
  element(value: Json, key: string, type: string): Config {
    if (!value.exists || value.kind == Kind.Object) return new Config(value, type, this.path + key + '.', this.found);
    this.wrong(value, this.path + key, type);
    return new Config(Json.absent(), type, this.path + key + '.', this.found);
  }

  /** Reports an element that has not the type it should have. */
  mismatch(value: Json, key: string, type: string): void {
    this.wrong(value, this.path + key, type);
  }

  private typed(key: string, kind: Kind, type: string): Json {
    const value = this.json.field(key);
    if (!value.exists || value.kind == kind) return value;
    this.wrong(value, this.path + key, type);
    return Json.absent();
  }

  private wrong(value: Json, path: string, type: string): void {
    const where = path.length == 0 ? 'value' : 'struct field ' + structName(this.type) + '.' + path;
    this.refuse('json: cannot unmarshal ' + kindWord(value, type) + ' into Go ' + where + ' of type ' + type);
  }
}

/** A type that is written where it is used has no name. */
function structName(type: string): string {
  return type.startsWith('struct {') ? '' : type.substring(type.lastIndexOf('.') + 1);
}

function kindWord(value: Json, type: string): string {
  switch (value.kind) {
    case Kind.String: return 'string';
    case Kind.Bool: return 'bool';
    case Kind.Array: return 'array';
    case Kind.Object: return 'object';
    default: return type == 'int' || type == 'uint64' ? 'number ' + value.raw() : 'number';
  }
}
