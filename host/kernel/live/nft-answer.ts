// What nf_tables says of one table, chain or rule. Taken apart when somebody looks: a chain may have thousands of rules, of which few are.
// SPDX-License-Identifier: Apache-2.0

import { attributeBetween, attributesAfter, beOf, type Attributes } from './attributes.ts';
import type { Message } from './netlink-message.ts';
import { GENERATION_ID, NFGENMSG } from './nft-wire.ts';

export class Answer {
  readonly data: Buffer;
  readonly start: number;
  readonly end: number;

  constructor({ data, start, end }: Message) {
    this.data = data;
    this.start = start;
    this.end = end;
  }

  /** of the rule set, as many bits of it as the header has room for */
  get generation(): number {
    return this.end - this.start < NFGENMSG ? -1 : this.data.readUInt16BE(this.start + 2);
  }

  isOf(generation: number): boolean {
    return this.generation === (generation & 0xffff);
  }

  get content(): Attributes {
    return attributesAfter(this.data.subarray(this.start, this.end), NFGENMSG);
  }

  /** One attribute, without the others. */
  part(type: number): Buffer | undefined {
    return attributeBetween(this.data, this.start + NFGENMSG, this.end, type);
  }

  /** Do they begin with the same attributes? */
  beginsAs(question: Buffer): boolean {
    return this.end - this.start >= question.length && question.compare(this.data, this.start + NFGENMSG, this.start + question.length, NFGENMSG, question.length) === 0;
  }
}

/** What a message about the generation itself says, all bits of it. */
export const generationSaid = (message: Message): number | undefined => beOf(new Answer(message).content.get(GENERATION_ID), 4);
