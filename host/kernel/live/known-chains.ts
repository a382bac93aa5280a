// Chains that were listed before, for as long as no other process has changed any rule: nf_tables counts the changes of a namespace, and tells who
// makes one what became of it. So a host that stays lists the rules of all containers once, and not with each call.
// SPDX-License-Identifier: Apache-2.0

import type { RuleFamily } from '../rule.ts';
import { attributesAfter, beOf, textOf } from './attributes.ts';
import { ChainRules } from './chain-rules.ts';
import { KernelRule } from './kernel-rule.ts';
import { NLM_F_APPEND, type Echo, type Part } from './netlink.ts';
import { generationSaid, type Answer } from './nft-answer.ts';
import { BATCH_BEGIN, BATCH_END, CHAIN, FAMILY, MSG, NFGENMSG, RULE, SUBSYSTEM, TABLE } from './nft-wire.ts';
import type { Change } from './shared-changes.ts';

export interface Place { family: RuleFamily; table: string; chain: string }

/** Some ten megabytes. */
const MOST_RULES = 20_000;

export class KnownChains {
  /** of the rule set that all of this is about */
  private generation: number | undefined;
  private readonly chains = new Map<string, Answer>();
  private readonly rules = new Map<string, ChainRules>();

  /** Takes what the kernel has just said: of another rule set nothing is known. */
  begin(generation: number): void {
    if (generation !== this.generation) this.forget();
    this.generation = generation;
  }

  /** But for the count of its uses, which is that of then. */
  chain(generation: number, place: Place): Answer | undefined {
    return generation === this.generation ? this.chains.get(keyOf(place)) : undefined;
  }

  rulesOf(generation: number, place: Place): ChainRules | undefined {
    return generation === this.generation ? this.rules.get(keyOf(place)) : undefined;
  }

  keepChain(generation: number, place: Place, answer: Answer | undefined): void {
    if (answer && generation === this.generation && answer.isOf(generation)) this.chains.set(keyOf(place), answer);
  }

  /** As they were listed; what the caller has of them changes with them. */
  keepRules(generation: number, place: Place, listed: KernelRule[]): ChainRules {
    const rules = new ChainRules(listed);
    if (generation === this.generation && listed.every((rule) => rule.isOf(generation))) this.rules.set(keyOf(place), rules);
    this.forgetTooMany();
    return rules;
  }

  /** After a transaction of ours: with the kernel's echo of it nothing has to be listed again. */
  follow(change: Change): void {
    if (!this.hear(change)) this.forget();
  }

  /** Of a transaction of another thread of ours. False: it is not the next one, was seen when its rules were listed or does not help, and nothing is done. */
  hear({ parts, echoes }: Change): boolean {
    const those = (type: number): Echo[] => echoes.filter(({ message }) => message.type === ((SUBSYSTEM << 8) | type));
    const [said] = those(MSG.NEWGEN);
    const next = said && generationSaid(said.message);
    if (this.generation === undefined || next !== ((this.generation + 1) >>> 0)) return false;
    const added = new Map(those(MSG.NEWRULE).map(({ part, message }) => [part, new KernelRule(message)]));
    if (this.changeAll(parts, added)) this.generation = next;
    else this.forget();
    this.forgetTooMany();
    return true;
  }

  forget(): void {
    this.generation = undefined;
    this.chains.clear();
    this.rules.clear();
  }

  private forgetTooMany(): void {
    const count = [...this.rules.values()].reduce((sum, { inOrder }) => sum + inOrder.length, 0);
    if (count > MOST_RULES) this.rules.clear();
  }

  /** False: it cannot be told what became of it. */
  private changeAll(parts: readonly Part[], added: ReadonlyMap<number, KernelRule>): boolean {
    // No handle comes twice, so that what is gone may go at the end, in one look through a chain.
    const gone = new Map<string, Set<number>>();
    const isTold = parts.every((part, i) => this.change(part, added.get(i), gone));
    for (const [chain, handles] of gone) this.rules.get(chain)?.remove(handles);
    return isTold;
  }

  private change({ type, flags, body }: Part, added: KernelRule | undefined, gone: Map<string, Set<number>>): boolean {
    if (type === BATCH_BEGIN || type === BATCH_END) return true;
    const about = attributesAfter(body, NFGENMSG);
    const keyIn = (chain: number): string => key(body[0]!, textOf(about.get(TABLE.NAME)), textOf(about.get(chain)));
    switch (type & 0xff) {
      case MSG.NEWRULE: {
        if (!added) return false;
        this.rules.get(keyIn(RULE.CHAIN))?.put(added, flags & NLM_F_APPEND ? 'end' : 'start');
        return true;
      }
      case MSG.DELRULE: {
        const [chain, handle] = [keyIn(RULE.CHAIN), beOf(about.get(RULE.HANDLE), 8)];
        if (handle !== undefined) gone.set(chain, (gone.get(chain) ?? new Set()).add(handle));
        else if (this.rules.has(chain)) this.rules.set(chain, new ChainRules([]));
        return true;
      }
      case MSG.NEWCHAIN:
      case MSG.DELCHAIN: {
        const chain = keyIn(CHAIN.NAME);
        this.chains.delete(chain);
        this.rules.delete(chain);
        return true;
      }
      // A table goes when it is empty. An anonymous set is its rule's, and goes with it.
      case MSG.NEWTABLE:
      case MSG.DELTABLE:
      case MSG.NEWSET:
      case MSG.NEWSETELEM:
        return true;
      default:
        return false;
    }
  }
}

/** No name holds a NUL. */
const key = (family: number, table: string, chain: string): string => `${family}\0${table}\0${chain}`;
const keyOf = ({ family, table, chain }: Place): string => key(FAMILY[family], table, chain);
