// The VLANs of a port, each with its flags; written and read as ranges.
// SPDX-License-Identifier: Apache-2.0

import { Arr, Json, Obj } from '../sdk/json';

const VLANS: i32 = 4095;
const THERE: u8 = 1;
const PVID: u8 = 2;
const UNTAGGED: u8 = 4;

export class VlanSet {
  private flags: Uint8Array = new Uint8Array(VLANS);

  /** As link.get answers them. */
  static from(list: Json): VlanSet {
    const set = new VlanSet();
    for (let e = list.first(); e.present; e = e.next()) {
      const id = e.get('id').int();
      const last = e.get('last');
      set.add(id, last.exists ? last.int() : id, e.get('pvid').bool(), e.get('untagged').bool());
    }
    return set;
  }

  get isEmpty(): bool {
    return this.next(1) == VLANS;
  }

  /** The later of two entries counts, and the port's PVID moves to it. */
  add(first: i64, last: i64, pvid: bool, untagged: bool): void {
    for (let id = 1; pvid && id < VLANS; id++) this.flags[id] &= ~PVID;
    for (let id = <i32>first; id <= <i32>last && id < VLANS; id++) this.flags[id] = THERE | (pvid ? PVID : 0) | (untagged ? UNTAGGED : 0);
  }

  addAll(other: VlanSet): void {
    for (let id = 1; id < VLANS; id++) {
      if (other.flags[id] != 0) this.flags[id] = other.flags[id];
    }
  }

  remove(id: i64): void {
    this.flags[<i32>id] = 0;
  }

  /** Those that `other` has not, or has with other flags. */
  without(other: VlanSet): VlanSet {
    const rest = new VlanSet();
    for (let id = 1; id < VLANS; id++) {
      if (this.flags[id] != other.flags[id]) rest.flags[id] = this.flags[id];
    }
    return rest;
  }

  /** Those that `other` has not at all. */
  others(other: VlanSet): VlanSet {
    const rest = new VlanSet();
    for (let id = 1; id < VLANS; id++) {
      if (other.flags[id] == 0) rest.flags[id] = this.flags[id];
    }
    return rest;
  }

  /** As link.set takes them. */
  json(): Arr {
    const list = new Arr();
    for (let id = this.next(1); id < VLANS; id = this.next(this.end(id) + 1)) {
      const last = this.end(id);
      const entry = new Obj().int('id', id);
      if (last > id) entry.int('last', last);
      if ((this.flags[id] & PVID) != 0) entry.bool('pvid', true);
      if ((this.flags[id] & UNTAGGED) != 0) entry.bool('untagged', true);
      list.obj(entry);
    }
    return list;
  }

  /** For people: "5-7, 100 (PVID)". */
  text(): string {
    const parts: string[] = [];
    for (let id = this.next(1); id < VLANS; id = this.next(this.end(id) + 1)) {
      const last = this.end(id);
      const name = last > id ? id.toString() + '-' + last.toString() : id.toString();
      parts.push(name + ((this.flags[id] & PVID) != 0 ? ' (PVID)' : ''));
    }
    return parts.join(', ');
  }

  private next(from: i32): i32 {
    let id = from;
    while (id < VLANS && this.flags[id] == 0) id++;
    return id;
  }

  /** The end of the range that begins at `id`; the PVID stands alone. */
  private end(id: i32): i32 {
    let last = id;
    while (last + 1 < VLANS && this.flags[last + 1] == this.flags[id] && (this.flags[id] & PVID) == 0) last++;
    return last;
  }
}
