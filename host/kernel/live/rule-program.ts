// Starting the programs of the packet filters, nft and iptables' own: in a namespace, with a deadline, and what they say as an error.
// SPDX-License-Identifier: Apache-2.0

import { runTool, type ProgramOutcome } from '../../exec.ts';
import { KernelError } from '../kernel-error.ts';
import type { Ns } from '../kernel.ts';
import type { LiveContext } from './context.ts';

/** ms; longer than iptables waits for its lock */
const TIMEOUT = 35_000;

export function runRuleProgram(context: LiveContext, ns: Ns, program: string, args: readonly string[], input: string): ProgramOutcome {
  const env = { PATH: context.programs.path, LANG: 'C' };
  // Killed while it waits for iptables' lock, this process would leave it behind, and what it writes then nobody would take back.
  return context.within(ns, () => runTool(program, args, { input, timeoutMs: TIMEOUT, env, descriptors: context.locks() }));
}

/** `noise` are lines of stderr that say nothing of what is wrong. */
export function failureOf({ failure, stderr, exitCode, timedOut }: ProgramOutcome, errno: string, action: string, noise: RegExp): KernelError {
  const said = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !noise.test(line)).join(' ');
  return new KernelError(timedOut ? 'ETIMEDOUT' : errno, action, [failure, said].filter(Boolean).join(': ') || `exit code ${exitCode}`);
}
