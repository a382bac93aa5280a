// A resident host for the node of one test file: what a test calls then goes through the launcher to it.
// SPDX-License-Identifier: Apache-2.0

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';

const BIN = join(process.cwd(), 'dist/bin/cni-wasm');
const LOG = '/run/resident-host.log';

/** One line of the host's log. */
export interface Line { msg: string; plugin?: string; verb?: string; container?: string; why?: string; code?: number; error?: string; ifname?: string; at?: string }

export interface ResidentHost {
  process: ChildProcess;
  /** the file of its log */
  log: string;
  lines(): Line[];
  /** what it has done, and what it has left to the launchers */
  served(): Line[];
  left(): Line[];
  /** Its log has a call a moment after the launcher has the answer, and then the host closes the connection. */
  settled(): Promise<void>;
}

/** Returns when it listens. `before` are words in front of the command: strace with its options. */
export function startResidentHost(before: readonly string[] = [], env: Readonly<Record<string, string>> = {}): ResidentHost {
  const run = env['CNI_WASM_RUN'] ?? '/run/cni-wasm';
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const log = `${LOG}.${serial++}`;
  rmSync(`${run}/host.sock`, { force: true });
  const [file, ...args] = [...before, BIN, 'serve'];
  const child = spawn(file!, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: process.env['PATH'], CNI_WASM_LOG: 'info', CNI_WASM_LOG_FILE: log, ...env } });
  const lines = (): Line[] => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line) : []);
  for (let tries = 0; !lines().some(({ msg }) => msg === 'listening'); tries++) {
    if (tries === 1000) throw new Error(`the resident host does not listen; it said ${JSON.stringify(lines())}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  return {
    process: child, log, lines,
    served: () => lines().filter(({ msg }) => msg === 'answered'),
    left: () => lines().filter(({ msg }) => msg === 'left to the launcher'),
    settled: () => until('the host has closed all connections', () => !hasConnections(`${run}/host.sock`)),
  };
}

/** proc_net(5), unix: flags come fourth, and are those of a listening socket or none. */
const hasConnections = (path: string): boolean =>
  readFileSync('/proc/net/unix', 'utf8').split('\n').some((line) => line.endsWith(` ${path}`) && line.split(' ')[3] === '00000000');

let serial = 0;

/** For files that are played in this mode too (test/run.mjs). A host that served nothing would make that a lie: it fails the file. */
export function playThroughResidentHost(): void {
  const host = startResidentHost();
  host.process.unref();
  process.on('exit', () => {
    host.process.kill('SIGKILL');
    const [served, left] = [host.served().length, host.left()];
    const reasons = [...new Set(left.map(({ why }) => why))].join('; ');
    console.log(`resident host: served ${served}, left ${left.length} to the launcher${reasons === '' ? '' : ` (${reasons})`}`);
    if (served === 0) process.exitCode = 1;
  });
}
