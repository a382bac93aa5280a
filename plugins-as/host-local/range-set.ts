// A set of ranges is one pool: an attachment gets one address out of each set.
// SPDX-License-Identifier: Apache-2.0

import { Ip } from '../sdk/ip';
import { Arr } from '../sdk/json';
import { Range, RangeText } from './range';

export class RangeSet {
  ranges: Range[] = [];
  /** Why it is no pool, '' when it is one. */
  problem: string = '';

  static from(texts: RangeText[]): RangeSet {
    const set = new RangeSet();
    if (texts.length == 0) return set.refuse('empty range set');
    for (let i = 0; i < texts.length; i++) {
      const range = Range.from(texts[i]);
      if (range === null) return set.refuse(texts[i].problem);
      if (i > 0 && range.start.v6 != set.v6) return set.refuse('mixed address families');
      set.ranges.push(range);
    }
    for (let i = 0; i < set.ranges.length; i++) {
      for (let j = i + 1; j < set.ranges.length; j++) {
        const one = set.ranges[i];
        const other = set.ranges[j];
        if (one.overlaps(other)) return set.refuse('subnets ' + one.text() + ' and ' + other.text() + ' overlap');
      }
    }
    return set;
  }

  get v6(): bool {
    return this.ranges[0].start.v6;
  }

  /** The range this address is in, null when none. */
  rangeFor(ip: Ip): Range | null {
    for (let i = 0; i < this.ranges.length; i++) {
      if (this.ranges[i].contains(ip)) return this.ranges[i];
    }
    return null;
  }

  overlaps(other: RangeSet): bool {
    for (let i = 0; i < this.ranges.length; i++) {
      for (let j = 0; j < other.ranges.length; j++) {
        if (this.ranges[i].overlaps(other.ranges[j])) return true;
      }
    }
    return false;
  }

  get size(): u64 {
    let size: u64 = 0;
    for (let i = 0; i < this.ranges.length; i++) size += min(this.ranges[i].size, u64.MAX_VALUE - size);
    return size;
  }

  /** What can be done about that; `index` is its place in the configuration. */
  allLeased(index: i32): string {
    return 'all ' + this.size.toString() + ' addresses of range set ' + index.toString() + ' are leased; give it more, or have leases of containers that are gone freed by GC';
  }

  text(): string {
    const texts: string[] = [];
    for (let i = 0; i < this.ranges.length; i++) texts.push(this.ranges[i].text());
    return texts.join(',');
  }

  /** As store.firstFree takes it. */
  json(): Arr {
    const list = new Arr();
    for (let i = 0; i < this.ranges.length; i++) list.obj(this.ranges[i].json());
    return list;
  }

  private refuse(problem: string): RangeSet {
    this.problem = problem;
    return this;
  }
}
