// A rule that is looked into when somebody asks what it says: most are only asked for their comment.
// SPDX-License-Identifier: Apache-2.0

import { once } from '../../../once.ts';
import { readSavedRule } from '../../iptables-parse.ts';
import { renderRule } from '../../iptables-text.ts';
import type { IptablesRule } from '../../kernel.ts';
import { ruleKey } from '../../normal-rule.ts';
import { readPrefix } from '../../prefix.ts';
import type { Family, Rule } from '../../rule.ts';
import { commentIn, decodeIptablesRule, jumpIn, mayBeOfGrammar } from './decode.ts';
import type { KernelRule, NftTableOfIptables } from './table.ts';

/** What is needed to read one. */
export interface Reading {
  table: NftTableOfIptables;
  /** the words of iptables-save, undefined when it has none */
  inWords(handle: number): string | undefined;
  tracesOf: TracesOf;
}

/** A class, since there are thousands: a literal with getters makes each of them anew for every object. */
export class LateRule implements IptablesRule {
  private read: Said | undefined;

  constructor(private readonly reading: Reading, private readonly raw: KernelRule) {}

  get text(): string { return this.whole().text; }
  get comment(): string | undefined { return commentIn(this.raw.expressions); }
  get jump(): string | undefined { return jumpIn(this.raw.expressions); }
  get rule(): Rule | undefined { return this.isOthers() ? undefined : this.whole().rule; }
  get key(): string { return this.isOthers() ? this.nameless() : this.whole().key; }

  mayCall(chain: string): boolean {
    return this.raw.expressions.includes(chain);
  }

  mayBe(rule: Rule): boolean {
    return this.reading.tracesOf(rule).every((bytes) => this.raw.expressions.includes(bytes));
  }

  private nameless(): string {
    return `# handle ${this.raw.handle}`;
  }

  private isOthers(): boolean {
    return !this.read && !mayBeOfGrammar(this.raw.expressions);
  }

  private whole(): Said {
    if (this.read) return this.read;
    const { table: { family, dialect }, inWords } = this.reading;
    const rule = decodeIptablesRule(family, this.raw.expressions, dialect);
    return (this.read = rule ? saidBy(family, rule) : readSavedRule(family, inWords(this.raw.handle) ?? this.nameless()));
  }
}

type Said = Pick<IptablesRule, 'text' | 'rule' | 'key'>;

function saidBy(family: Family, rule: Rule): Said {
  const [text, key] = [once(() => renderRule(family, rule)), once(() => ruleKey(family, rule))];
  return { rule, get text() { return text(); }, get key() { return key(); } };
}

export type TracesOf = (rule: Rule) => readonly Buffer[];

/** Bytes of a comment that are enough to tell most rules apart, and fewer than are ever cut off. */
const COMMENT_BYTES = 64;

/** Bytes that a rule has, however else it is written: of its addresses and its comment. It is looked for among thousands, so they are worked out once. */
export function tracesOnce(): TracesOf {
  const known = new WeakMap<Rule, readonly Buffer[]>();
  const addresses = ({ match }: Rule): Buffer[] => match.flatMap(({ saddr, daddr }) => saddr ?? daddr ?? []).map(readPrefix).map(({ bytes, length }) => bytes.subarray(0, length >> 3));
  const comment = ({ comment: text = '' }: Rule): Buffer => Buffer.from(text).subarray(0, COMMENT_BYTES);
  return (rule) => {
    const traces = known.get(rule) ?? [...addresses(rule), comment(rule)].filter(({ length }) => length > 0);
    known.set(rule, traces);
    return traces;
  };
}
