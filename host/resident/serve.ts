// `cni-wasm serve`: the host as a process that stays. It begins calls on its threads and ends with them; whatever it does not take, the
// launchers do themselves.
// SPDX-License-Identifier: Apache-2.0

import { createServer, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { isAbsolute } from 'node:path';
import { identityOf } from '../file-identity.ts';
import { dropPrivileges } from '../kernel/live/least-privilege.ts';
import { openLibc } from '../kernel/live/libc.ts';
import { openLog, type Log } from '../log.ts';
import { readError } from '../protocol/read-error.ts';
import { rootsFrom } from '../roots.ts';
import { compiledBuiltins } from '../selection/builtins.ts';
import { factsOf, tellAnswer } from '../tell-answer.ts';
import { callThread, type Outcome, type Task } from './call-thread.ts';
import { placeOf, whyElsewhere } from './caller.ts';
import { attend, type Service } from './connection.ts';
import { listen, placeToListen } from './listen.ts';
import { newPool } from './pool.ts';
import { newRoom } from './room.ts';
import { systemCalls } from './system-calls.ts';
import { MAX_STDIN } from './wire.ts';
import { pathOf } from '#parts';

/** Defined by the build: the file of the threads, with a digest in its name. One that is started after an upgrade must not be the new version's. */
declare const THREAD: string;

const PROCESSORS = availableParallelism();
const LIMITS = { kept: Math.min(2, PROCESSORS), quick: PROCESSORS, most: 64, patience: 50, slow: 500, longest: 3_000, stuck: 1_000, idle: 60_000 };
/** more than that are closed at once, and their launchers do the calls */
const MAX_CONNECTIONS = 1024;
/** bytes; four callers may send as much as one may */
const MAX_WAITING = 4 * MAX_STDIN;

/** Settles when it was asked to stop and the calls under way have ended. Throws CniError when it cannot begin. */
export async function serve(): Promise<void> {
  const log = openLog(process.env);
  const system = systemCalls();
  const libc = openLibc();
  const place = await placeToListen(process.env, rootsFrom(process.env).run, (fd) => libc.tryFlock(fd, 'exclusive'));
  // The threads of the pool, which this one starts, have what it has.
  dropPrivileges();
  const own = placeOf('self');
  // What a launcher would become must be what runs here: a call must not mean something else with this host than without.
  const path = pathOf('host.cjs');
  const program = { path, id: identityOf(path) };
  const shared = { compiled: compiledBuiltins(), answersIn: answersIn(log, process.env['CNI_WASM_LOG_FILE']) };
  const pool = newPool<Task, Outcome>(() => callThread(pathOf(THREAD), shared, (error) => log.error({ err: error }, 'a thread ended')), LIMITS, ({ isFit }) => isFit);
  /** hosts that launchers belong to, and that have been told of: it is the same with each of their calls */
  const others = new Set<string>();
  let isStopping = false;

  const service: Service = {
    admit(socket, hello) {
      if (isStopping) return 'this host is about to end';
      const { pid, uid } = system.peerOf(fdOf(socket));
      if (uid !== process.geteuid!()) return `uid ${uid} is not this host's`;
      if (identityOf(program.path) !== program.id) {
        // A new version is in place, or none; launchers do the calls until it has been started.
        stop('the program has been changed');
        return 'this host has been replaced';
      }
      const caller = placeOf(pid);
      const elsewhere = whyElsewhere(own, caller);
      if (elsewhere !== undefined) return elsewhere;
      if (hello.oneShot === program.path || identityOf(hello.oneShot) === program.id) return { pid, umask: caller.umask, program: caller.program };
      tellOf(hello.oneShot);
      return `the launcher belongs to "${hello.oneShot}"`;
    },
    run: (task, isWanted) => pool.run(task, isWanted),
    room: newRoom(MAX_WAITING),
    isClosed: (socket) => system.isClosed(fdOf(socket)),
    descriptorOf: (socket) => system.dup(fdOf(socket)),
    answered: (task, outcome, ms) => tellAnswer(log, { ...task, network: outcome.network }, ms, outcome.exitCode === 0 ? undefined : readError(outcome)),
    refused: (why, hello) => log.info({ ...(hello && factsOf(hello)), why }, 'left to the launcher'),
  };
  /** A version in a folder of its own changes nothing of this one's: nobody else would say that this host has nothing more to do. */
  function tellOf(other: string): void {
    if (others.has(other)) return;
    others.add(other);
    log.warn({ host: program.path, other }, 'a launcher belongs to another host than this one, and does its calls itself; after an upgrade: systemctl restart cni-wasm.service');
  }
  const server = createServer((socket) => attend(socket, service));
  server.maxConnections = MAX_CONNECTIONS;
  let ended: () => void;
  const end = new Promise<void>((resolve) => { ended = resolve; });
  /** Calls under way come to their end; who connects now is told no. */
  function stop(why: string): void {
    if (isStopping) return;
    isStopping = true;
    log.info({ why }, 'stopping');
    server.close(() => ended());
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  try {
    await listen(server, place);
    log.info({ at: 'fd' in place ? `file descriptor ${place.fd}` : place.path, processors: PROCESSORS }, 'listening');
    await end;
  } finally {
    await pool.end();
  }
  if ('release' in place) place.release();
}

/** A relative one would be another file for each caller. */
const answersIn = ({ level }: Log, file: string | undefined): string | undefined => (['debug', 'info'].includes(level) && file && isAbsolute(file) ? file : undefined);

/** Node does not hand it out, but the kernel must be asked about this very connection. */
const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1;
