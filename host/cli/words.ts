// The words of a command, and what is said when they are none: an unknown option, a word that is missing or one too many.
// SPDX-License-Identifier: Apache-2.0

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '../message-of.ts';

/** The exit code is 2 then, where a refusal or a failure has 1. */
export class Misuse extends Error {
  constructor(what: string, command = '') {
    super(`${command && `${command}: `}${what}; see cni-wasm ${command && `${command} `}--help`);
    this.name = 'Misuse';
  }
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Words<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>>;

/** Throws Misuse for an option that is none, and for more words than `most`. */
export function readWords<const O extends Options>(command: string, words: readonly string[], most: number, options: O): Words<O> {
  const read = optionsIn(command, words, options);
  mustBeAll(command, read.positionals.slice(most));
  return read;
}

/** Throws Misuse for words that nobody has asked for. */
export function mustBeAll(command: string, more: readonly string[]): void {
  if (more.length > 0) throw new Misuse(`"${more.join(' ')}" is too much`, command);
}

function optionsIn<const O extends Options>(command: string, words: readonly string[], options: O): Words<O> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new Misuse(inShort(messageOf(error)), command);
  }
}

/** Node goes on to say how a word may begin with "-", which none of ours does. */
const inShort = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`.replace(/\. To specify a positional[^]*/, '').replace(/\s*\n\s*/g, ' ').replace(/\.$/, '');
