// The rules of one chain, in order and by their comments: a chain has the rules of all containers, and those of one are asked for in each call.
// SPDX-License-Identifier: Apache-2.0

import { having, type KernelRule } from './kernel-rule.ts';

const UNREADABLE = /[\ufffd\ud800-\udfff]/u;

/** `behind`: a handle */
export type Put = 'start' | 'end' | { behind: number };

export class ChainRules {
  private rules: KernelRule[];
  /** Those with a comment, sorted by it: made when they are asked for again, and kept as the rules change. */
  private sorted: KernelRule[] | undefined;
  private wasAsked = false;

  constructor(rules: KernelRule[]) {
    this.rules = rules;
  }

  get inOrder(): readonly KernelRule[] {
    return this.rules;
  }

  /** False: there is no such place, and nothing is done. */
  put(rule: KernelRule, at: Put): boolean {
    const place = this.placeOf(at);
    if (place === undefined) return false;
    this.rules.splice(place, 0, rule);
    if (this.sorted && rule.comment !== undefined) this.sorted.splice(firstFrom(this.sorted, rule.comment), 0, rule);
    return true;
  }

  /** How many of them there were. */
  remove(handles: ReadonlySet<number>): number {
    const stays = ({ handle }: KernelRule): boolean => !handles.has(handle);
    const { length } = this.rules;
    this.rules = this.rules.filter(stays);
    this.sorted = this.sorted?.filter(stays);
    return length - this.rules.length;
  }

  /** In order those whose comment begins with one of these; undefined stands for any number of others in a row. */
  commented(starts: readonly string[]): (KernelRule | undefined)[] {
    // What is no text reads as U+FFFD, whatever its bytes are.
    const areInBytes = !this.wasAsked && !starts.some((start) => UNREADABLE.test(start));
    this.wasAsked = true;
    const found = areInBytes ? having(this.rules, starts).filter(({ comment }) => starts.some((start) => comment?.startsWith(start))) : this.lookedUp(starts);
    const places = found.map((rule) => this.rules.indexOf(rule)).sort((a, b) => a - b);
    const list: (KernelRule | undefined)[] = [];
    let next = 0;
    for (const place of places) {
      if (place > next) list.push(undefined);
      list.push(this.rules[place]);
      next = place + 1;
    }
    if (next < this.rules.length) list.push(undefined);
    return list;
  }

  private placeOf(at: Put): number | undefined {
    if (at === 'start') return 0;
    if (at === 'end') return this.rules.length;
    const before = this.rules.findIndex(({ handle }) => handle === at.behind);
    return before < 0 ? undefined : before + 1;
  }

  private lookedUp(starts: readonly string[]): KernelRule[] {
    const sorted = (this.sorted ??= this.rules.filter(({ comment }) => comment !== undefined).sort((a, b) => (a.comment! < b.comment! ? -1 : 1)));
    const found = new Set<KernelRule>();
    for (const start of starts) {
      for (let i = firstFrom(sorted, start); sorted[i]?.comment!.startsWith(start); i++) found.add(sorted[i]!);
    }
    return [...found];
  }
}

/** The place of the first whose comment is not before this one. */
function firstFrom(sorted: readonly KernelRule[], comment: string): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]!.comment! < comment) from = middle + 1;
    else to = middle;
  }
  return from;
}
