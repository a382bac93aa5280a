// firewalld over the system's D-Bus: each task is a small program with a deadline, since the library knows no synchronous call.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { runProgram } from '../../exec.ts';
import { ownProgram } from '#parts';
import type { Outcome, Task } from '../../side/firewalld.ts';
import type { Firewalld, FirewalldAnswer } from '../firewalld.ts';
import { KernelError } from '../kernel-error.ts';

const SYSTEM_BUS = 'unix:path=/var/run/dbus/system_bus_socket';
/** ms; firewalld reloads in a few seconds and answers nobody meanwhile */
const TIMEOUT = 15_000;

export function firewalldOverBus(env: Readonly<Record<string, string | undefined>> = process.env, timeoutMs = TIMEOUT): Firewalld {
  const address = env['DBUS_SYSTEM_BUS_ADDRESS'] || SYSTEM_BUS;
  /** A module that asks and then adds, or a ledger that takes out what the module has, need not start the program for the same twice. */
  const known = new Map<string, FirewalldAnswer>();
  const gone = new Set<string>();
  const keyOf = (zone: string, sources: readonly string[]): string => JSON.stringify([zone, sources]);
  const run = (task: Omit<Task, 'address'>): Outcome => {
    const noBus = whyNoBus(address);
    return noBus === undefined ? start({ ...task, address }, timeoutMs) : { unreachable: noBus };
  };
  return {
    query(zone, sources) {
      const key = keyOf(zone, sources);
      const answer = known.get(key) ?? answerOf(run({ do: 'query', zone, sources }));
      known.set(key, answer);
      return answer;
    },
    add(zone, sources) {
      known.clear();
      gone.clear();
      const outcome = run({ do: 'add', zone, sources });
      if ('refused' in outcome) throw failure(`failed to add the address ${outcome.source} to ${zone} zone`, outcome.refused);
      if ('unreachable' in outcome) throw whyNoBus(address) === undefined ? unreachable(outcome.unreachable) : new KernelError('EFIREWALLD', outcome.unreachable);
    },
    remove(zone, sources) {
      if (gone.has(keyOf(zone, sources))) return;
      known.clear();
      const outcome = run({ do: 'remove', zone, sources });
      // Without bus or firewalld no zone has sources; what does not answer may have them.
      if ('unreachable' in outcome && whyNoBus(address) === undefined) throw unreachable(outcome.unreachable);
      if ('refused' in outcome) throw failure(`failed to remove the address ${outcome.source} from ${zone} zone`, outcome.refused);
      gone.add(keyOf(zone, sources));
    },
  };
}

function answerOf(outcome: Outcome): FirewalldAnswer {
  if ('running' in outcome) return { bus: true, ...outcome, ...(outcome.running ? {} : { why: 'its name has no owner on the system bus' }) };
  return { bus: false, running: false, bound: [], why: 'unreachable' in outcome ? outcome.unreachable : outcome.refused };
}

/** Nearly all nodes without firewalld have no bus either, and for them no program is started. */
function whyNoBus(address: string): string | undefined {
  const path = /^unix:path=([^,;]+)/.exec(address)?.[1];
  return path === undefined || existsSync(path) ? undefined : `dial unix ${path}: connect: no such file or directory`;
}

function start(task: Task, timeoutMs: number): Outcome {
  const [file, ...args] = ownProgram('firewalld');
  const { stdout, stderr, exitCode, failure: why } = runProgram(file, args, { input: JSON.stringify(task), timeoutMs, env: {} });
  return exitCode === 0 && stdout !== '' ? JSON.parse(stdout) as Outcome : { unreachable: why ?? (stderr.split('\n')[0] || 'no answer') };
}

const failure = (action: string, detail: string): KernelError => new KernelError('EFIREWALLD', action, detail);
const unreachable = (why: string): KernelError => failure('firewalld cannot be reached over D-Bus', why);
