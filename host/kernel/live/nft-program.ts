// The nft program: only for a transaction with words of nft's own language, which only it can translate. All or nothing, as a batch of ours.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { NftCommand, Ns } from '../kernel.ts';
import { nftScript } from '../nft-script.ts';
import type { LiveContext } from './context.ts';
import type { Programs } from './programs.ts';
import { failureOf, runRuleProgram } from './rule-program.ts';

/** The line with the mistake is shown, the marks below it are not. */
const NOISE = /^[\^~ ]+$/;

export function runNft(context: LiveContext, ns: Ns, commands: readonly NftCommand[]): void {
  const action = 'write nft rules with conditions';
  const program = nftProgram(context.programs, action);
  const outcome = runRuleProgram(context, ns, program, ['--', ...asArguments(nftScript(commands))], '');
  if (outcome.exitCode !== 0) throw failureOf(outcome, 'ENFT', action, NOISE);
}

/** bytes; execve(2) takes an argument of up to 128 KiB */
const MAX_ARGUMENT = 100 * 1024;

/** nft puts them together with blanks. From stdin it reads pipes and plain files alone, since 1.0.9, and what Node gives a program there is a socket. */
function asArguments(script: string): string[] {
  const found = [''];
  for (const line of script.split(/^/m)) {
    if (found.at(-1)!.length + line.length > MAX_ARGUMENT) found.push('');
    found[found.length - 1] += line;
  }
  return found;
}

/** Its path; throws when it is not there. */
export function nftProgram(programs: Programs, action: string): string {
  const program = programs.find('nft');
  if (!program) throw new KernelError('ENFT', action, `nft not found in ${programs.path}; install nftables, or configure no conditions`);
  return program;
}
