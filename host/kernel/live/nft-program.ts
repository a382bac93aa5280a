// The nft program: only for a transaction with words of nft's own language, which only it can translate. All or nothing, as a batch of ours.
// SPDX-License-Identifier: Apache-2.0

import { runTool } from '../../exec.ts';
import { KernelError } from '../kernel-error.ts';
import type { NftCommand, Ns } from '../kernel.ts';
import { nftScript } from '../nft-script.ts';
import type { LiveContext } from './context.ts';
import type { Programs } from './programs.ts';

const TIMEOUT = 35_000;

export function runNft(context: LiveContext, ns: Ns, commands: readonly NftCommand[]): void {
  const action = 'write nft rules with conditions';
  const { programs } = context;
  const program = nftProgram(programs, action);
  const input = nftScript(commands);
  const { stderr, exitCode, failure, timedOut } = context.within(ns, () => runTool(program, ['-f', '-'], { input, timeoutMs: TIMEOUT, env: { PATH: programs.path, LANG: 'C' } }));
  if (exitCode !== 0) throw new KernelError(timedOut ? 'ETIMEDOUT' : 'ENFT', action, [failure, saidIn(stderr)].filter(Boolean).join(': ') || `exit code ${exitCode}`);
}

/** Its path; throws when it is not there. */
export function nftProgram(programs: Programs, action: string): string {
  const program = programs.find('nft');
  if (!program) throw new KernelError('ENFT', action, `nft not found in ${programs.path}; install nftables, or configure no conditions`);
  return program;
}

/** The line with the mistake is shown, the marks below it are not. */
const saidIn = (stderr: string): string => stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^[\^~ ]+$/.test(line)).join(' ');
