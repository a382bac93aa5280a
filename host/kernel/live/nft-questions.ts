// What nf_tables is asked about one table: the table itself, a chain of it, all chains, rules. What is not there is answered with nothing.
// SPDX-License-Identifier: Apache-2.0

import { unlessGone } from '../kernel-error.ts';
import type { RuleFamily } from '../rule.ts';
import { attributeAfter, attributesAfter, beOf, Body, textOf, type Attributes } from './attributes.ts';
import { OTHER, type Message, type NetlinkSocket, type SieveOf } from './netlink.ts';
import { CHAIN, FAMILY, GENERATION_ID, MSG, nfgenmsg, RULE, SUBSYSTEM, TABLE } from './nft-wire.ts';

/** bytes of struct nfgenmsg, whose last two are the generation (linux/netfilter/nfnetlink.h) */
const NFGENMSG = 4;
export const contentOf = ({ body }: Message): Attributes => attributesAfter(body, NFGENMSG);

/** Taken apart when somebody looks: a chain may have thousands of rules, of which few are. */
export class Answer {
  constructor(private readonly message: Message) {}

  /** of the rule set */
  get generation(): number {
    const { body } = this.message;
    return body.length < NFGENMSG ? -1 : body.readUInt16BE(2);
  }

  get content(): Attributes {
    return contentOf(this.message);
  }

  /** One attribute, without the others. */
  part(type: number): Buffer | undefined {
    return attributeAfter(this.message.body, NFGENMSG, type);
  }

  /** Do they begin with the same attributes? */
  beginsAs(question: Buffer): boolean {
    const { body } = this.message;
    return body.length >= question.length && question.compare(body, NFGENMSG, question.length, NFGENMSG, question.length) === 0;
  }
}
const answerOf = (message: Message): Answer => new Answer(message);

/** Someone who changes rules all the time must not keep us from reading for ever. */
export const READ_TRIES = 5;

/** What an answer is about, for what the kernel cannot filter by itself. */
interface Keys { TABLE: number; CHAIN?: number }

export function questionsAbout(socket: NetlinkSocket, family: RuleFamily, table: string, action: string) {
  const about = (type: number): Body => new Body(nfgenmsg(FAMILY[family])).text(type, table);
  const get = (type: number, question: Body): Answer | undefined => {
    const message = socket.find((SUBSYSTEM << 8) | type, question.done(), action);
    return message && answerOf(message);
  };
  const dump = (type: number, question: Buffer, sieve?: SieveOf): Message[] =>
    unlessGone(() => socket.dump((SUBSYSTEM << 8) | type, question, action, sieve)) ?? [];
  const list = (type: number, question: Buffer, keys: Keys, chain?: string): Answer[] =>
    dump(type, question).map(answerOf).filter((answer) => isAbout(answer, question, keys, chain));
  // The kernel begins a rule with its table and its chain, as the question has them.
  const isAbout = (answer: Answer, question: Buffer, keys: Keys, chain?: string): boolean => (chain !== undefined && answer.beginsAs(question)) ||
    (textOf(answer.part(keys.TABLE)) === table && (chain === undefined || textOf(answer.part(keys.CHAIN!)) === chain));
  const rulesIn = (chain: string): Buffer => about(RULE.TABLE).text(RULE.CHAIN, chain).done();
  return {
    table: () => get(MSG.GETTABLE, about(TABLE.NAME)),
    chain: (name: string) => get(MSG.GETCHAIN, about(CHAIN.TABLE).text(CHAIN.NAME, name)),
    /** The kernel cannot list the chains of one table alone. */
    chains: () => list(MSG.GETCHAIN, nfgenmsg(FAMILY[family]), { TABLE: CHAIN.TABLE }),
    /** In order. Kernels before 4.15 list those of all chains, and before 4.5 of all tables. */
    rules: () => list(MSG.GETRULE, about(RULE.TABLE).done(), RULE),
    rulesOf: (chain: string) => list(MSG.GETRULE, rulesIn(chain), RULE, chain),
    /** Undefined in the place of a rule that the sieve does not want. */
    rulesSifted: (chain: string, sieve: SieveOf): (Answer | undefined)[] => dump(MSG.GETRULE, rulesIn(chain), sieve)
      .map((message) => (message === OTHER ? undefined : answerOf(message))).filter((answer) => !answer || isAbout(answer, rulesIn(chain), RULE, chain)),
  };
}

/** Of all tables of the namespace: every change makes the next one. */
export function generationIn(socket: NetlinkSocket): number {
  const answer = socket.ask((SUBSYSTEM << 8) | MSG.GETGEN, nfgenmsg(0), 'use nf_tables');
  return (answer && beOf(contentOf(answer).get(GENERATION_ID), 4)) ?? 0;
}
