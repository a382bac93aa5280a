// A rule that is looked into when somebody asks what it says: most are only asked for their comment.
// SPDX-License-Identifier: Apache-2.0

import { once } from '../../../once.ts';
import { readSavedRule } from '../../iptables-parse.ts';
import { renderRule } from '../../iptables-text.ts';
import type { IptablesRule } from '../../kernel.ts';
import { ruleKey } from '../../normal-rule.ts';
import type { Family, Rule } from '../../rule.ts';
import type { KernelRule } from '../kernel-rule.ts';
import { decodeIptablesRule, mayBeOfGrammar } from './decode.ts';
import type { NftTableOfIptables } from './table.ts';

/** What is needed to read one. */
export interface Reading {
  table: NftTableOfIptables;
  /** the words of iptables-save, undefined when it has none */
  inWords(handle: number): string | undefined;
}

/** A class, since there are thousands: a literal with getters makes each of them anew for every object. */
export class LateRule implements IptablesRule {
  private read: Said | undefined;

  constructor(private readonly reading: Reading, private readonly raw: KernelRule) {}

  get handle(): number { return this.raw.handle; }
  get text(): string { return this.whole().text; }
  get comment(): string | undefined { return this.raw.iptablesComment; }
  get jump(): string | undefined { return this.raw.iptablesJump; }
  get rule(): Rule | undefined { return this.isOthers() ? undefined : this.whole().rule; }
  get key(): string { return this.isOthers() ? this.nameless() : this.whole().key; }

  mayCall(chain: string): boolean {
    return this.raw.mayCall(chain);
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
