// How a command for people ends: its text on stdout, what went wrong on stderr in a sentence, and an exit code.
// SPDX-License-Identifier: Apache-2.0

import type { CniError } from '../cni-error.ts';
import { asCniError } from '../internal-error.ts';
import { openLog } from '../log.ts';
import { printable } from './printable.ts';
import { complain, say } from './say.ts';
import { Misuse } from './words.ts';

/** What was done is told, whatever else went wrong. */
export interface Told { text: string; failure?: CniError }

/**
 * The exit code. A number is that of a command which has answered already, in a bundle of its own: only the bundle in which an error was thrown knows
 * of which class it is.
 */
export async function answerPeople(act: () => string | Told | number | Promise<string | number>): Promise<number> {
  try {
    const told = await act();
    if (typeof told === 'number') return told;
    const { text, failure }: Told = typeof told === 'string' ? { text: told } : told;
    say(text);
    if (failure) throw failure;
    return 0;
  } catch (error) {
    const isMisuse = error instanceof Misuse;
    complain(isMisuse ? complaint(error.message) : complaintOf(asCniError(error, openLog(process.env))));
    return isMisuse ? 2 : 1;
  }
}

/** Below the sentence what more is known and what can be done, on lines that can be pasted. */
const complaintOf = ({ code, message, facts: { details, hint } }: CniError): string =>
  complaint([`${message} (code ${code})`, ...[details, hint].filter((one) => one !== undefined)].join('\n'));

const complaint = (text: string): string => `cni-wasm: ${text.split('\n').map(printable).join('\n  ')}\n`;
