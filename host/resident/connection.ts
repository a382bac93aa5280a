// One connection, which is one call: hello, the word whether we take it, stdin, the answer. Closing it without an answer means "not by me":
// the launcher then does the call itself.
// SPDX-License-Identifier: Apache-2.0

import type { Socket } from 'node:net';
import { checkEnvironment, readVerb } from '../protocol/environment.ts';
import type { Outcome, Task } from './call-thread.ts';
import { namesItself, namesItselfIn } from './caller.ts';
import { ACCEPT, ACCEPT_WITHOUT_STDIN, ALIVE, formatReply, readHello, readStdin, REFUSE, WireError, type Hello } from './wire.ts';

export interface Service {
  /** Who it is, or why this host does not act for it. Throws when the process is gone. */
  admit(socket: Socket, hello: Hello): Task['caller'] | string;
  run(task: Task, isWanted: () => boolean): Promise<Outcome | undefined>;
  isClosed(socket: Socket): boolean;
  served(task: Task, outcome: Outcome, ms: number): void;
  refused(why: string, hello?: Hello): void;
}

/** ms until everything that is waited for must be here; a runtime may be slow to write a configuration, the launcher itself is not */
const PATIENCE = { hello: 2_000, stdin: 30_000, reading: 30_000 };
/** ms; the launcher waits ten times as long */
const SIGN_OF_LIFE = 1_000;

export function attend(socket: Socket, service: Service): void {
  let received: Buffer[] = [];
  let expects: (bytes: Buffer) => void = onHello;
  let clock = setTimeout(give, PATIENCE.hello, 'no hello in time');

  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(clock));
  socket.on('data', (chunk) => {
    received.push(chunk);
    try {
      expects(received.length === 1 ? chunk : Buffer.concat(received));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      give(error.message);
    }
  });

  /** Leaves the call to the launcher. */
  function give(why: string, hello?: Hello): void {
    service.refused(why, hello);
    socket.destroySoon();
  }

  function expect(next: (bytes: Buffer) => void, ms: number, otherwise: string): void {
    received = [];
    expects = next;
    clearTimeout(clock);
    clock = setTimeout(give, ms, otherwise);
  }

  function onHello(bytes: Buffer): void {
    const hello = readHello(bytes);
    if (!hello) return;
    const caller = callerOf(hello);
    if (typeof caller === 'string') {
      socket.write(REFUSE);
      return give(caller, hello);
    }
    const begin = (stdin: Buffer): void => void perform({ calledAs: hello.calledAs, env: hello.env, stdin, caller });
    if (!needsStdin(hello)) {
      socket.write(ACCEPT_WITHOUT_STDIN);
      return begin(Buffer.alloc(0));
    }
    socket.write(ACCEPT);
    expect((more) => {
      const stdin = readStdin(more);
      if (!stdin) return;
      if (namesItself(stdin.toString('latin1'))) return give('a path that means the process itself', hello);
      begin(stdin);
    }, PATIENCE.stdin, 'no stdin in time');
  }

  function callerOf(hello: Hello): Task['caller'] | string {
    if (namesItselfIn(hello)) return 'a path that means the process itself';
    try {
      return service.admit(socket, hello);
    } catch (error) {
      return `the caller cannot be looked at: ${(error as Error).message}`;
    }
  }

  async function perform(task: Task): Promise<void> {
    const started = performance.now();
    expects = () => give('more than a call');
    received = [];
    clearTimeout(clock);
    const alive = setInterval(() => void socket.write(ALIVE), SIGN_OF_LIFE);
    const outcome = await service.run(task, () => !socket.destroyed && !service.isClosed(socket));
    clearInterval(alive);
    if (!outcome) return give('nobody had time for it');
    service.served(task, outcome, performance.now() - started);
    if (socket.destroyed) return;
    clock = setTimeout(() => socket.destroy(), PATIENCE.reading);
    socket.end(formatReply(outcome));
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
