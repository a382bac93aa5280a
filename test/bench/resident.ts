// The resident host of a node, for the calls of its modes alone: it has a run folder of its own, so that nobody else's launcher finds it.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Beside } from './modes.ts';

export const RESIDENT_RUN = '/run/bench-resident';
const PATIENCE_MS = 20_000;

export function startResident(program: string, env: Readonly<Record<string, string>>): Beside {
  const { pid, kill } = spawned(program, env);
  const deadline = performance.now() + PATIENCE_MS;
  while (!existsSync(`${RESIDENT_RUN}/host.sock`)) {
    if (performance.now() > deadline) throw new Error(`${program} serve does not listen after ${PATIENCE_MS} ms`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  return {
    // Nanoseconds on a processor, for each of its threads.
    cpuMs: () => readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e6, 0),
    rssMb: () => Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024,
    stop: kill,
  };
}

function spawned(program: string, env: Readonly<Record<string, string>>): { pid: number; kill(): void } {
  const child = spawn(program, ['serve'], { env: { ...env, CNI_WASM_RUN: RESIDENT_RUN }, stdio: ['ignore', 'ignore', 'inherit'] });
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  return { pid: child.pid, kill: () => void child.kill() };
}

/** A thread that has ended has nothing to tell. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
