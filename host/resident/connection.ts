// One connection, which is one call: hello, stdin, the answer. Closing it without an answer means "not by me": the launcher then does the call
// itself.
// SPDX-License-Identifier: Apache-2.0

import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { messageOf } from '../message-of.ts';
import { checkEnvironment, readVerb } from '../protocol/environment.ts';
import type { Outcome, Task } from './call-thread.ts';
import { namesItselfIn, namesItselfInJson } from './caller.ts';
import { incoming } from './incoming.ts';
import type { Room } from './room.ts';
import { ALIVE, formatReply, readHello, readStdin, WireError, type Hello } from './wire.ts';

export interface Service {
  /** Who it is, or why this host does not act for it. Throws when the process is gone. */
  admit(socket: Socket, hello: Hello): Task['caller'] | string;
  run(task: Task, isWanted: () => boolean): Promise<Outcome | undefined>;
  isClosed(socket: Socket): boolean;
  room: Room;
  /** Another descriptor of the connection, the caller's to close; -1 when there can be none. */
  descriptorOf(socket: Socket): number;
  answered(task: Omit<Task, 'connection'>, outcome: Outcome, ms: number): void;
  refused(why: string, hello?: Hello): void;
}

/** ms until everything that is waited for must be here; a runtime may be slow to write a configuration, the launcher itself is not */
const PATIENCE = { hello: 2_000, stdin: 30_000, reading: 30_000 };
/** ms; the launcher waits as long for the first, and ten times as long for the others */
const SIGN_OF_LIFE = 1_000;

export function attend(socket: Socket, service: Service): void {
  const received = incoming();
  const part = service.room.part();
  let proceed = onHello;
  let clock = setTimeout(give, PATIENCE.hello, 'no hello in time');
  let alive: NodeJS.Timeout | undefined;

  socket.on('error', () => socket.destroy());
  socket.on('close', onClose);
  socket.on('data', onData);

  function onData(chunk: Buffer): void {
    if (!part.take(chunk.length)) return give('too much waits already that others have sent');
    received.add(chunk);
    try {
      proceed();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      give(error.message);
    }
  }

  function onClose(): void {
    part.leave();
    clearTimeout(clock);
    clearInterval(alive);
  }

  /** Leaves the call to the launcher. */
  function give(why: string, hello?: Hello): void {
    service.refused(why, hello);
    socket.destroy();
  }

  function onHello(): void {
    const hello = received.take(readHello);
    if (!hello) return;
    clearTimeout(clock);
    const caller = callerOf(hello);
    if (typeof caller === 'string') return give(caller, hello);
    alive = setInterval(() => void socket.write(ALIVE), SIGN_OF_LIFE);
    const begin = (stdin: Buffer): void => void perform({ calledAs: hello.calledAs, env: hello.env, stdin, caller });
    if (needsStdin(hello)) awaitStdin(hello, begin);
    else begin(Buffer.alloc(0));
    // The thread is woken first: it has more to do than the launcher, which only learns that it need not look for another host.
    if (!socket.destroyed) socket.write(ALIVE);
  }

  function callerOf(hello: Hello): Task['caller'] | string {
    if (namesItselfIn(hello)) return 'a path that means the process itself';
    try {
      return service.admit(socket, hello);
    } catch (error) {
      return `the caller cannot be looked at: ${messageOf(error)}`;
    }
  }

  function awaitStdin(hello: Hello, begin: (stdin: Buffer) => void): void {
    clock = setTimeout(give, PATIENCE.stdin, 'no stdin in time', hello);
    proceed = () => {
      const stdin = received.take(readStdin);
      if (!stdin) return;
      clearTimeout(clock);
      if (namesItselfInJson(stdin.toString('latin1'))) give('a path that means the process itself', hello);
      else begin(stdin);
    };
    proceed();
  }

  async function perform(task: Omit<Task, 'connection'>): Promise<void> {
    const started = performance.now();
    // A launcher that sends a stdin nobody waits for shall not hang with it.
    socket.off('data', onData).resume();
    // The thread writes to the launcher itself: the number of the socket's own descriptor may be another file's by then.
    const connection = service.descriptorOf(socket);
    try {
      const outcome = await service.run({ ...task, connection }, () => !socket.destroyed && !service.isClosed(socket));
      clearInterval(alive);
      if (!outcome) return give('nobody had time for it');
      service.answered(task, outcome, performance.now() - started);
      if (!socket.destroyed) end(outcome);
    } finally {
      if (connection >= 0) closeSync(connection);
    }
  }

  function end(outcome: Outcome): void {
    clock = setTimeout(() => socket.destroy(), PATIENCE.reading);
    if (!outcome.isSent) socket.write(formatReply(outcome));
    socket.end();
  }
}

/** As readRequest: VERSION reads none, nor does a call with a wrong environment. */
function needsStdin({ env }: Hello): boolean {
  try {
    const verb = readVerb(env);
    checkEnvironment(env, verb);
    return verb !== 'VERSION';
  } catch {
    return false;
  }
}
