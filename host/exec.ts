// The one place where the host starts programs. Arguments are a list, never a shell's line; the environment is only what is given.
// SPDX-License-Identifier: Apache-2.0

import { readSync } from 'node:fs';
import { timeLeft } from './deadline.ts';
import { withFile } from './open-file.ts';
import { errnoOf } from './system-error.ts';
import { library } from '#parts';

interface ProgramOptions {
  input?: string;
  /** then it is killed; sooner when the module it works for has less time left */
  timeoutMs: number;
  /** nothing of the host's own environment is handed on */
  env: Readonly<Record<string, string | undefined>>;
}

interface ToolOptions extends ProgramOptions {
  /** that it inherits */
  descriptors?: readonly number[];
}

export interface ProgramOutcome {
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

const NOT_STARTED: ProgramOutcome = { stdout: '', stderr: '', exitCode: undefined, timedOut: false };
const NO_TIME: ProgramOutcome = { ...NOT_STARTED, timedOut: true, failure: 'was not started: no time is left' };

/** A tool of the node, such as iptables: what every chain pays for (RATIONALE, "Why does execa not start iptables?"). */
export function runTool(file: string, args: readonly string[], { input = '', timeoutMs: most, env, descriptors = [] }: ToolOptions): ProgramOutcome {
  const timeout = Math.min(most, timeLeft());
  if (timeout < 1) return NO_TIME;
  // 1.5 ms, which calls that start no program need not pay.
  const { spawnSync } = require('node:child_process') as typeof import('node:child_process');
  const stdio = ['pipe' as const, 'pipe' as const, 'pipe' as const, ...descriptors];
  const { stdout, stderr, status, signal, error } = spawnSync(file, args, { stdio, input, env: { ...env }, timeout, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT, encoding: 'utf8' });
  const timedOut = errnoOf(error) === 'ETIMEDOUT';
  return {
    stdout: stdout ?? '', stderr: stderr ?? '', exitCode: error ? undefined : status ?? undefined, timedOut,
    ...(error || status === null ? { failure: timedOut ? `did not end within ${timeout} ms` : error?.message ?? `was killed by ${signal}` } : {}),
  };
}

/** Any other program: a foreign plugin, or one of ours. */
export function runProgram(file: string, args: readonly string[], { input = '', timeoutMs: most, env }: ProgramOptions): ProgramOutcome {
  const timeoutMs = Math.min(most, timeLeft());
  if (timeoutMs < 1) return NO_TIME;
  // Such a file the C library would give to a shell.
  if (!isProgram(file)) return { ...NOT_STARTED, failure: `fork/exec ${file}: exec format error` };
  const { execaSync } = library<typeof import('execa')>('execa');
  // execa asks Node, which knows the process's working folder and not the thread's (RATIONALE, "Whom does it serve?").
  const result = execaSync(file, args, { cwd: '/proc/thread-self/cwd', input, env, extendEnv: false, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT, stripFinalNewline: false, reject: false });
  const { stdout = '', stderr = '', exitCode, timedOut, failed, signal, code, originalMessage } = result;
  const why = (): string => {
    if (timedOut) return `did not end within ${timeoutMs} ms`;
    if (signal !== undefined) return `signal: ${WORDS[signal] ?? signal}`;
    return code === undefined ? originalMessage ?? 'was not started' : `fork/exec ${file}: ${WORDS[code] ?? code}`;
  };
  return { stdout, stderr, exitCode, timedOut, ...(failed && exitCode === undefined ? { failure: why() } : {}) };
}

/** As the reference's library says them. */
const WORDS: Readonly<Record<string, string>> = { EACCES: 'permission denied', ENOENT: 'no such file or directory', ENOEXEC: 'exec format error', SIGKILL: 'killed', SIGTERM: 'terminated', SIGSEGV: 'segmentation fault', SIGABRT: 'aborted' };

/** With ELF's beginning, or an interpreter's; what cannot be read may be one. */
function isProgram(file: string): boolean {
  const beginning = Buffer.alloc(4);
  try {
    withFile(file, (fd) => readSync(fd, beginning));
  } catch {
    return true;
  }
  return beginning.toString('latin1') === '\x7fELF' || beginning.toString('latin1', 0, 2) === '#!';
}
