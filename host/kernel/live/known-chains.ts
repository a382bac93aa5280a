// Chains that were listed before, and what has become of them since: nf_tables counts the changes of a namespace, and tells of each, whoever has made
// it. So a host that stays lists the rules of all containers once, and not with each call.
// SPDX-License-Identifier: Apache-2.0

import type { RuleFamily } from '../rule.ts';
import { beOf, textOf } from './attributes.ts';
import { ChainRules, type Put } from './chain-rules.ts';
import { KernelRule } from './kernel-rule.ts';
import type { Message } from './netlink-message.ts';
import { NLM_F_APPEND, NLM_F_CREATE } from './netlink.ts';
import { Answer } from './nft-answer.ts';
import { CHAIN, FAMILY, MSG, RULE } from './nft-wire.ts';
import type { Transaction } from './rule-events.ts';

export interface Place { family: RuleFamily; table: string; chain: string }

/** Some ten megabytes. */
const MOST_RULES = 20_000;

export class KnownChains {
  /** of the rule set that all of this is about */
  private generation: number | undefined;
  private readonly chains = new Map<string, Answer>();
  private readonly rules = new Map<string, ChainRules>();
  /** of all chains: counted with each that is listed, it would take as long as all of them */
  private count = 0;

  /** The kernel has said that this is the generation, or was a moment ago: what is known of an earlier one is of no use. */
  begin(generation: number): void {
    if (this.generation !== undefined && ((generation - this.generation) | 0) < 0) return;
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
    if (generation === this.generation && listed.every((rule) => rule.isOf(generation))) {
      this.forgetRules(keyOf(place));
      this.rules.set(keyOf(place), rules);
      this.count += listed.length;
    }
    this.forgetTooMany();
    return rules;
  }

  /** By whomever it was made. What cannot be followed is forgotten. */
  follow({ generation, messages }: Transaction): void {
    if (this.generation === undefined) return;
    const further = (generation - this.generation) | 0;
    // It was seen when its rules were listed.
    if (further <= 0) return;
    if (further > 1) return this.forget();
    // No handle comes twice, so that what is gone may go at the end, in one look through a chain.
    const gone = new Map<string, Set<number>>();
    for (const message of messages) this.change(message, gone);
    for (const [chain, handles] of gone) this.count -= this.rules.get(chain)?.remove(handles) ?? 0;
    this.generation = generation;
    this.forgetTooMany();
  }

  forget(): void {
    this.generation = undefined;
    this.chains.clear();
    this.forgetAllRules();
  }

  private forgetTooMany(): void {
    if (this.count > MOST_RULES) this.forgetAllRules();
  }

  private forgetAllRules(): void {
    this.rules.clear();
    this.count = 0;
  }

  private forgetRules(chain: string): void {
    this.count -= this.rules.get(chain)?.inOrder.length ?? 0;
    this.rules.delete(chain);
  }

  private change(message: Message, gone: Map<string, Set<number>>): void {
    switch (message.type & 0xff) {
      case MSG.NEWRULE: {
        const rule = new KernelRule(message);
        const chain = chainWith(rule);
        const rules = this.rules.get(chain);
        const place = rules && placeIn(message, rule, gone.has(chain));
        if (place && rules.put(rule, place)) this.count++;
        else this.forgetRules(chain);
        break;
      }
      case MSG.DELRULE:
      case MSG.DESTROYRULE: {
        const rule = new KernelRule(message);
        const chain = chainWith(rule);
        if (message.flags & NLM_F_APPEND) this.forgetRules(chain);
        else if (this.rules.has(chain)) gone.set(chain, (gone.get(chain) ?? new Set()).add(rule.handle));
        break;
      }
      case MSG.NEWCHAIN: {
        const chain = new Answer(message);
        this.forgetChain(chainOf(chain));
        this.forgetRenamed(chain);
        break;
      }
      case MSG.DELCHAIN:
      case MSG.DESTROYCHAIN:
        this.forgetChain(chainOf(new Answer(message)));
        break;
      // A table goes with its chains, and each of them is told of. An anonymous set is its rule's; nothing is known of others.
      case MSG.NEWTABLE: case MSG.DELTABLE: case MSG.DESTROYTABLE:
      case MSG.NEWSET: case MSG.DELSET: case MSG.DESTROYSET:
      case MSG.NEWSETELEM: case MSG.DELSETELEM: case MSG.DESTROYSETELEM:
      case MSG.NEWOBJ: case MSG.DELOBJ: case MSG.DESTROYOBJ:
      case MSG.NEWFLOWTABLE: case MSG.DELFLOWTABLE: case MSG.DESTROYFLOWTABLE:
        break;
      default:
        this.forget();
    }
  }

  private forgetChain(chain: string): void {
    this.chains.delete(chain);
    this.forgetRules(chain);
  }

  /** A chain under a new name is told of as a new one. It is older than its rules, and handles are given out in order. */
  private forgetRenamed(chain: Answer): void {
    const handle = handleOf(chain);
    const table = tableOf(chain, CHAIN.TABLE);
    for (const [known, answer] of this.chains) if (known.startsWith(table) && handleOf(answer) === handle) this.chains.delete(known);
    for (const [known, { inOrder: [first] }] of this.rules) if (known.startsWith(table) && (!first || first.handle > handle)) this.forgetRules(known);
  }
}

const handleOf = (chain: Answer): number => beOf(chain.part(CHAIN.HANDLE), 8) ?? 0;

/**
 * The kernel says behind which rule it is, unless it is the first or the last. Undefined: it does not say which of the two, since the kernel is older than
 * 5.11, since it replaces another, whose end has the flag of an addition then, or since it was put beside one that the same transaction had taken away.
 */
function placeIn({ flags }: Message, rule: KernelRule, afterOthersWent: boolean): Put | undefined {
  if (!(flags & NLM_F_CREATE)) return undefined;
  const behind = beOf(rule.part(RULE.POSITION), 8);
  if (behind !== undefined) return { behind };
  return afterOthersWent ? undefined : flags & NLM_F_APPEND ? 'end' : 'start';
}

/** No name holds a NUL. */
const keyOf = ({ family, table, chain }: Place): string => `${FAMILY[family]}\0${table}\0${chain}`;
const tableOf = (answer: Answer, type: number): string => `${answer.data[answer.start]!}\0${textOf(answer.part(type))}\0`;
const chainOf = (chain: Answer): string => tableOf(chain, CHAIN.TABLE) + textOf(chain.part(CHAIN.NAME));
const chainWith = (rule: Answer): string => tableOf(rule, RULE.TABLE) + textOf(rule.part(RULE.CHAIN));
