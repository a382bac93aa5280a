// A worker thread of the resident host: one call after the other, each as if it were a process of its own.
// SPDX-License-Identifier: Apache-2.0

import { readlinkSync, statSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { answer } from '../answer.ts';
import { keptSockets } from '../kernel/live/kept-sockets.ts';
import { openLibc } from '../kernel/live/libc.ts';
import { SysctlFolders } from '../kernel/live/sysctl-folders.ts';
import { openHost, type Lasting } from '../open-host.ts';
import type { KeptModules } from '../selection/load-plugin.ts';
import type { End, Outcome, Shared, Task, Word } from './call-thread.ts';
import { isStillThere } from './caller.ts';
import { systemCalls } from './system-calls.ts';
import { formatReply } from './wire.ts';

/** contents of modules; more have been installed one after the other than are in use */
const MAX_MODULES = 64;

const { compiled, answersIn } = workerData as Shared;
const system = systemCalls();
const libc = openLibc();
const home = ownNetns();
const sockets = keptSockets(home);
const sysctls = new SysctlFolders(home);
const modules: KeptModules = new Map();
const lasting: Lasting = { libc: () => libc, compiled: (name) => compiled.get(name), modules, sockets, sysctls, dialects: new Map() };

system.ownFolder();
// With the thread Node closes what it has opened itself, which these are not.
process.once('exit', () => sockets.close());
parentPort!.on('message', (task: Task | End) => {
  if (task === 'end') process.exit();
  else void perform(task).then(say);
});
say({ thread: readlinkSync('/proc/thread-self') });

function say(word: Word): void {
  parentPort!.postMessage(word);
}

async function perform(task: Task): Promise<Word> {
  const { caller } = task;
  try {
    // Relative paths are the caller's.
    system.enterFolder(`/proc/${caller.pid}/cwd`);
  } catch {
    return 'not begun';
  }
  system.umask(caller.umask);
  // Somewhere else it would keep a file system from being unmounted.
  const reply = await replyTo(task).finally(() => system.enterFolder('/'));
  const isSent = send(task.connection, formatReply(reply));
  if (modules.size > MAX_MODULES) modules.clear();
  return { ...reply, isSent, isFit: ownNetns() === home };
}

/**
 * Bytes that a socket takes as a whole or not at all, even with the smallest buffer there can be (unix_stream_sendmsg() in net/unix/af_unix.c: one skb of up to
 * half of SOCK_MIN_SNDBUF), so that no sign of life comes to stand in between. Results have 500 to 1,500.
 */
const AT_ONCE = 2 * 1024;

/** The launcher need not wait until the host's first thread has been woken. False: it is that thread's to send, also to a launcher that is gone. */
function send(connection: number, reply: Uint8Array): boolean {
  if (connection < 0 || reply.length > AT_ONCE) return false;
  try {
    return writeSync(connection, reply) > 0;
  } catch {
    return false;
  }
}

async function replyTo({ calledAs, env, stdin, caller }: Task): Promise<Omit<Outcome, 'isSent' | 'isFit'>> {
  let stderr = '';
  const host = openHost(env, lasting, { toStderr: (line) => { stderr += line; }, isThere: () => isStillThere(caller) });
  const { exitCode, network, stdout = '' } = await answer(host, { calledAs, env, readStdin: () => stdin, isTold: answersIn !== undefined && answersIn === env['CNI_WASM_LOG_FILE'] });
  return { exitCode, network, stdout, stderr };
}

function ownNetns(): string {
  const { dev, ino } = statSync('/proc/thread-self/ns/net');
  return `${dev}:${ino}`;
}
