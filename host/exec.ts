// The one place where the host starts a program. Arguments are a list, never a shell's line; the environment is only what is given.
// SPDX-License-Identifier: Apache-2.0

import { lazy } from './lazy.ts';

export interface ProgramOptions {
  input?: string;
  /** then it is killed */
  timeoutMs: number;
  /** nothing of the host's own environment is handed on */
  env: Readonly<Record<string, string | undefined>>;
}

export interface ProgramOutcome {
  /** without the last newline, as stderr */
  stdout: string;
  stderr: string;
  /** undefined when it could not be started or was killed */
  exitCode: number | undefined;
  timedOut: boolean;
  /** why it could not be started or what killed it */
  failure?: string;
}

/** bytes; an iptables table of a node with many services is some megabytes */
const MAX_OUTPUT = 64 * 1024 * 1024;

export function runProgram(file: string, args: readonly string[], { input = '', timeoutMs, env }: ProgramOptions): ProgramOutcome {
  const { execaSync } = lazy<typeof import('execa')>('execa');
  const result = execaSync(file, args, { input, env, extendEnv: false, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT, reject: false });
  const { stdout, stderr, exitCode, timedOut, failed, originalMessage } = result;
  return {
    stdout, stderr, exitCode, timedOut,
    ...(failed && exitCode === undefined ? { failure: timedOut ? `did not end within ${timeoutMs} ms` : originalMessage ?? 'was killed' } : {}),
  };
}
