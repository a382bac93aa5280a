// The verbs of a chain as a runtime makes them: one execution after the other, each with the result of the one before.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { configFor, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { measure, peakMemory, Running, type Ended, type Execution } from './processes.ts';

export type Verb = 'ADD' | 'CHECK' | 'DEL';
/** Of all executions together. */
export interface Sample { ms: number; cpuMs: number; /** the first error */ failure?: string }
/** Asks for executions and is told how they ended; returns the last result. */
export type Calls = Generator<Execution, unknown, Ended>;

export function* calls(verb: Verb, list: Conflist, target: Target, result?: unknown): Calls {
  let last = result;
  for (const plugin of verb === 'DEL' ? list.plugins.toReversed() : list.plugins) {
    const ended = yield executionOf(plugin.type, verb, target, JSON.stringify(configFor(list, plugin, target, last)));
    if (verb === 'ADD' && ended.exitCode === 0) last = JSON.parse(ended.stdout);
    if (ended.exitCode !== 0) return undefined;
  }
  return last;
}

export function executionOf(type: string, verb: string, { containerId, netns, ifname, path, env = {} }: Target, stdin: string): Execution {
  return {
    file: join(path[0]!, type), stdin,
    env: { CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: ifname, CNI_PATH: path.join(':'), ...env },
  };
}

/** Carries one out; what it cost, and the result. */
export function carryOut(asked: Calls): Sample & { result: unknown } {
  const cost: Sample = { ms: 0, cpuMs: 0 };
  for (let step = asked.next(); ;) {
    if (step.done) return { ...cost, result: step.value };
    const ended = measure(step.value);
    note(cost, ended);
    cost.ms += ended.ms;
    step = asked.next(ended);
  }
}

/** Carries one out untimed; the memory of its largest execution, and the result. */
export function carryOutForMemory(asked: Calls): { mb: number; result: unknown } {
  let largest = 0;
  for (let step = asked.next(); ;) {
    if (step.done) return { mb: largest, result: step.value };
    const { ended, mb } = peakMemory(step.value);
    largest = Math.max(largest, mb);
    step = asked.next(ended);
  }
}

/** Carries many out at once; the time until the last has ended, and all results. */
export function carryOutAtOnce(all: readonly Calls[]): Sample & { results: unknown[] } {
  const cost: Sample = { ms: 0, cpuMs: 0 };
  const running = new Running();
  const waiting = new Map<number, number>();
  const results: unknown[] = [];
  const start = performance.now();
  const proceed = (i: number, step: IteratorResult<Execution, unknown>): void => {
    if (step.done) results[i] = step.value;
    else waiting.set(running.start(step.value), i);
  };
  all.forEach((one, i) => proceed(i, one.next()));
  while (running.size > 0) {
    const { pid, ended } = running.next();
    note(cost, ended);
    const i = waiting.get(pid)!;
    proceed(i, all[i]!.next(ended));
  }
  return { ...cost, ms: performance.now() - start, results };
}

function note(cost: Sample, { cpuMs, exitCode, stdout, stderr }: Ended): void {
  cost.cpuMs += cpuMs;
  if (exitCode !== 0) cost.failure ??= (stdout || stderr || `exit code ${exitCode}`).trim();
}
