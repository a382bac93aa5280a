// A rule as nf_tables lists it.
// SPDX-License-Identifier: Apache-2.0

import type { NftRule } from '../kernel.ts';
import type { RuleFamily } from '../rule.ts';
import { beOf } from './attributes.ts';
import { commentIn, jumpIn } from './iptables-nft/decode.ts';
import { Answer } from './nft-answer.ts';
import type { PortsOf } from './nft-decode.ts';
import { lateRuleOf } from './nft-read.ts';
import { commentOf } from './nft-userdata.ts';
import { RULE } from './nft-wire.ts';

export class KernelRule extends Answer {
  private number: number | undefined;
  private bytes: Buffer | undefined;
  private commented: { is: string | undefined } | undefined;
  private iptablesCommented: { is: string | undefined } | undefined;
  private calls: { is: string | undefined } | undefined;
  private wasAskedForCalls = false;
  private late: NftRule | undefined;

  get handle(): number {
    return (this.number ??= beOf(this.part(RULE.HANDLE), 8) ?? 0);
  }

  get expressions(): Buffer {
    return (this.bytes ??= this.part(RULE.EXPRESSIONS) ?? Buffer.alloc(0));
  }

  /** As nft keeps it, beside the rule. */
  get comment(): string | undefined {
    return (this.commented ??= { is: commentOf(this.part(RULE.USERDATA)) }).is;
  }

  /** As iptables keeps it, in the rule. */
  get iptablesComment(): string | undefined {
    return (this.iptablesCommented ??= { is: commentIn(this.expressions) }).is;
  }

  /** What iptables prints behind -j or -g. */
  get iptablesJump(): string | undefined {
    return (this.calls ??= { is: jumpIn(this.expressions) }).is;
  }

  /** False: it does not call this chain. To find its name nowhere is quick; who is asked again and again knows what it calls. */
  mayCall(chain: string): boolean {
    if (this.calls || this.wasAskedForCalls) return this.iptablesJump === chain;
    this.wasAskedForCalls = true;
    return this.expressions.includes(chain);
  }

  /** As a rule of nft's: as long as it is there it says the same. */
  inNft(family: RuleFamily, portsOf: PortsOf): NftRule {
    return (this.late ??= lateRuleOf(family, this.content, portsOf));
  }
}

/**
 * Those in whose bytes one of the texts stands: a comment is in its rule as it was written. Where rules are asked for the first time, to look
 * through datagrams as a whole takes a tenth of the time.
 */
export function having(rules: readonly KernelRule[], texts: readonly string[]): KernelRule[] {
  const wanted = texts.map((text) => Buffer.from(text));
  let [data, last]: [Buffer | undefined, number] = [undefined, 0];
  let places: number[] = [];
  return rules.filter((rule) => {
    if (rule.data !== data || rule.start < last) places = wanted.map((text) => rule.data.indexOf(text, rule.start));
    [data, last] = [rule.data, rule.start];
    return wanted.some((text, i) => {
      if (places[i]! >= 0 && places[i]! < rule.start) places[i] = rule.data.indexOf(text, rule.start);
      return places[i]! >= 0 && places[i]! < rule.end;
    });
  });
}
