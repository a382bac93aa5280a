// A module for the tests of the SDK: each export takes a text and answers with a text, by way of take and result.
// SPDX-License-Identifier: Apache-2.0

import { bytesOf, setResult, take, textOf } from '@cni-wasm/sdk/abi';
import { Ip, Prefix } from '@cni-wasm/sdk/ip';
import { Arr, Json, Kind, Obj } from '@cni-wasm/sdk/json';

/** The same document, rebuilt value by value; nothing when it is no JSON. */
export function rewrite(length: i32): void {
  const json = Json.of(take(length));
  if (json.kind == Kind.Invalid) return answer('invalid');
  answer(new Arr().json(json).text() + '\n' + rebuilt(json).text());
}

function rebuilt(json: Json): Arr {
  const list = new Arr();
  for (let e = json.first(); e.present; e = e.next()) put(list, e);
  return json.kind == Kind.Array ? list : new Arr().arr(put(new Arr(), json));
}

function put(list: Arr, e: Json): Arr {
  switch (e.kind) {
    case Kind.String: return list.str(e.str());
    case Kind.Array: {
      const inner = new Arr();
      for (let i = e.first(); i.present; i = i.next()) put(inner, i);
      return list.arr(inner);
    }
    case Kind.Object: {
      const inner = new Obj();
      for (let m = e.first(); m.present; m = m.next()) {
        const value = put(new Arr(), m).text();
        inner.raw(m.key, value.substring(1, value.length - 1));
      }
      return list.obj(inner);
    }
    case Kind.Number: return e.isInt ? list.int(e.int()) : list.json(e);
    default: return list.json(e);
  }
}

/** [document, key] → the value under that key, exactly and in any case. */
export function find(length: i32): void {
  const request = Json.of(take(length));
  const document = request.at(0);
  const key = request.at(1).str();
  answer(new Arr().json(document.get(key)).text() + '\n' + new Arr().json(document.field(key)).text());
}

/** A number → what it is read as. */
export function integer(length: i32): void {
  const json = Json.of(take(length));
  answer((json.isInt ? json.int().toString() : '-') + ' ' + (json.isUint ? json.uint().toString() : '-'));
}

export function ip(length: i32): void {
  const bytes = take(length);
  const parsed = Ip.parse(textOf(bytes, 0, bytes.length));
  if (parsed === null) return answer('invalid');
  answer(parsed.text() + ' ' + parsed.next().text() + ' ' + parsed.previous().text() + ' ' + (parsed.isMulticast ? 'multicast' : 'unicast'));
}

export function prefix(length: i32): void {
  const bytes = take(length);
  const parsed = Prefix.parse(textOf(bytes, 0, bytes.length));
  if (parsed === null) return answer('invalid');
  answer(parsed.text() + ' ' + parsed.first().text() + ' ' + parsed.last().text() + ' ' + parsed.network().text());
}

/** ["prefix", "prefix", "address"] → overlaps, contains, compare of the first prefix's address with the address. */
export function relate(length: i32): void {
  const request = Json.of(take(length));
  const one = Prefix.parse(request.at(0).str())!;
  const other = Prefix.parse(request.at(1).str())!;
  const address = Ip.parse(request.at(2).str())!;
  answer(one.overlaps(other).toString() + ' ' + one.contains(address).toString() + ' ' + one.ip.compare(address).toString());
}

function answer(text: string): void {
  const bytes = bytesOf(text);
  setResult(bytes, bytes.length);
}
