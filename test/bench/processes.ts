// Starts programs and waits for them with what they cost: posix_spawn(3) and wait4(2), since a fork of Node itself takes longer than
// some of what is measured, and only wait4 tells the processor time of a program with all that it started.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';

export interface Execution { file: string; env: Readonly<Record<string, string>>; stdin: string }
export interface Ended { ms: number; /** user and system, with all that it started */ cpuMs: number; exitCode: number; stdout: string; stderr: string }

const libc = koffi.load(null);
const initActions = libc.func('int posix_spawn_file_actions_init(uint8_t *actions)');
const destroyActions = libc.func('int posix_spawn_file_actions_destroy(uint8_t *actions)');
const addOpen = libc.func('int posix_spawn_file_actions_addopen(uint8_t *actions, int fd, const char *path, int flags, uint32_t mode)');
const spawn = libc.func('int posix_spawn(uint8_t *pid, const char *path, uint8_t *actions, void *attributes, const char **argv, const char **envp)');
const wait4 = libc.func('int wait4(int pid, uint8_t *status, int options, uint8_t *usage)');

const WNOHANG = 1;
const O_RDONLY = 0;
const O_WRITE_NEW = 0o1 | 0o100 | 0o1000;

/** Runs one and waits. */
export function measure(execution: Execution): Ended {
  const running = new Running();
  running.start(execution);
  return running.next().ended;
}

/** The most memory that the program itself takes, in MB: looked at over and over while it runs, so not to be timed as well. */
export function peakMemory(execution: Execution): { ended: Ended; mb: number } {
  const running = new Running();
  const pid = running.start(execution);
  let mb = 0;
  for (;;) {
    const ended = running.poll();
    if (ended) return { ended: ended.ended, mb };
    // Until it has become the program it shares our memory.
    if (existsSync(`/proc/${pid}/exe`)) mb = memoryOf(pid) ?? mb;
  }
}

function memoryOf(pid: number): number | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/exe`) === process.execPath && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === readFileSync('/proc/self/cmdline', 'utf8')) return undefined;
    const [, kb] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}

/** Several at once; `next` waits for whichever ends first. */
export class Running {
  private readonly started = new Map<number, { id: number; at: number }>();
  private count = 0;

  /** Returns its process id, by which `next` names it. */
  start({ file, env, stdin }: Execution): number {
    const id = ++this.count;
    writeFileSync(streamOf(id, 'in'), stdin);
    const [actions, pid] = [Buffer.alloc(256), Buffer.alloc(4)];
    initActions(actions);
    addOpen(actions, 0, streamOf(id, 'in'), O_RDONLY, 0);
    addOpen(actions, 1, streamOf(id, 'out'), O_WRITE_NEW, 0o600);
    addOpen(actions, 2, streamOf(id, 'err'), O_WRITE_NEW, 0o600);
    const at = performance.now();
    const failed = spawn(pid, file, actions, null, [file, null], [...Object.entries(env).map(([key, value]) => `${key}=${value}`), null]) as number;
    destroyActions(actions);
    if (failed !== 0) throw new Error(`cannot start ${file}: errno ${failed}`);
    this.started.set(pid.readInt32LE(0), { id, at });
    return pid.readInt32LE(0);
  }

  next(): { pid: number; ended: Ended } {
    for (;;) {
      const ended = this.wait(0);
      if (ended) return ended;
    }
  }

  /** As next, when one has ended already. */
  poll(): { pid: number; ended: Ended } | undefined {
    return this.wait(WNOHANG);
  }

  private wait(options: number): { pid: number; ended: Ended } | undefined {
    const [status, usage] = [Buffer.alloc(4), Buffer.alloc(256)];
    const pid = wait4(-1, status, options, usage) as number;
    const now = performance.now();
    const known = this.started.get(pid);
    if (pid < 0) throw new Error('there is nothing to wait for');
    if (!known) return undefined;
    this.started.delete(pid);
    const word = status.readInt32LE(0);
    return {
      pid,
      ended: {
        ms: now - known.at, cpuMs: timeIn(usage, 0) + timeIn(usage, 16),
        exitCode: (word & 0x7f) === 0 ? (word >> 8) & 0xff : 128 + (word & 0x7f),
        stdout: readFileSync(streamOf(known.id, 'out'), 'utf8'), stderr: readFileSync(streamOf(known.id, 'err'), 'utf8'),
      },
    };
  }

  get size(): number {
    return this.started.size;
  }
}

/** On the node's own tmpfs. */
const streamOf = (id: number, stream: 'in' | 'out' | 'err'): string => `/run/bench-${id}.${stream}`;

/** struct timeval as ms */
const timeIn = (usage: Buffer, at: number): number => Number(usage.readBigInt64LE(at)) * 1000 + Number(usage.readBigInt64LE(at + 8)) / 1000;
