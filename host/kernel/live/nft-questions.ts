// What nf_tables is asked about one table: the table itself, a chain of it, all chains, rules. What is not there is answered with nothing.
// SPDX-License-Identifier: Apache-2.0

import { unlessGone } from '../kernel-error.ts';
import type { RuleFamily } from '../rule.ts';
import { Body, textOf } from './attributes.ts';
import { KernelRule } from './kernel-rule.ts';
import type { Message } from './netlink-message.ts';
import type { NetlinkSocket } from './netlink.ts';
import { Answer, generationSaid } from './nft-answer.ts';
import { CHAIN, FAMILY, MSG, nfgenmsg, RULE, SUBSYSTEM, TABLE } from './nft-wire.ts';

/** Someone who changes rules all the time must not keep us from reading for ever. */
export const READ_TRIES = 5;

/** What an answer is about, for what the kernel cannot filter by itself. */
interface Keys { TABLE: number; CHAIN?: number }

export function questionsAbout(socket: NetlinkSocket, family: RuleFamily, table: string, action: string) {
  const about = (type: number): Body => new Body(nfgenmsg(FAMILY[family])).text(type, table);
  const get = (type: number, question: Body): Answer | undefined => {
    const message = socket.find((SUBSYSTEM << 8) | type, question.done(), action);
    return message && new Answer(message);
  };
  const dump = (type: number, question: Buffer): Message[] => unlessGone(() => socket.dump((SUBSYSTEM << 8) | type, question, action)) ?? [];
  const list = <Kind extends Answer>(Kind: new (message: Message) => Kind, type: number, question: Buffer, keys: Keys, chain?: string): Kind[] =>
    dump(type, question).map((message) => new Kind(message)).filter((answer) => isAbout(answer, question, keys, chain));
  // The kernel begins a rule with its table and its chain, as the question has them.
  const isAbout = (answer: Answer, question: Buffer, keys: Keys, chain?: string): boolean => (chain !== undefined && answer.beginsAs(question)) ||
    (textOf(answer.part(keys.TABLE)) === table && (chain === undefined || textOf(answer.part(keys.CHAIN!)) === chain));
  return {
    table: () => get(MSG.GETTABLE, about(TABLE.NAME)),
    chain: (name: string) => get(MSG.GETCHAIN, about(CHAIN.TABLE).text(CHAIN.NAME, name)),
    /** The kernel cannot list the chains of one table alone. */
    chains: () => list(Answer, MSG.GETCHAIN, nfgenmsg(FAMILY[family]), { TABLE: CHAIN.TABLE }),
    /** In order. Kernels before 4.15 list those of all chains, and before 4.5 of all tables. */
    rules: () => list(KernelRule, MSG.GETRULE, about(RULE.TABLE).done(), RULE),
    rulesOf: (chain: string) => list(KernelRule, MSG.GETRULE, about(RULE.TABLE).text(RULE.CHAIN, chain).done(), RULE, chain),
  };
}

/** Of all tables of the namespace: every change makes the next one. */
export function generationIn(socket: NetlinkSocket): number {
  const answer = socket.ask((SUBSYSTEM << 8) | MSG.GETGEN, nfgenmsg(0), 'use nf_tables');
  return (answer && generationSaid(answer)) ?? 0;
}
