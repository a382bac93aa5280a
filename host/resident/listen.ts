// The socket: systemd's, when it hands us one, else our own in a folder that root alone can write to.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, openSync, rmSync, statSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { makeFolder } from '../make-folder.ts';
import { mustBeRootOnly } from '../root-only.ts';

/** sd_listen_fds(3) */
const FIRST_FD = 3;

export type Place = { fd: number } | { path: string; release(): void };

/** Throws CniError when others may write to the folder, or another host has it. */
export async function placeToListen(env: NodeJS.ProcessEnv, run: string, tryLock: (fd: number) => boolean): Promise<Place> {
  if (env['LISTEN_PID'] === String(process.pid) && Number(env['LISTEN_FDS']) >= 1) return { fd: FIRST_FD };
  makeFolder(run, 0o700);
  // The rule of every call: who may not write here cannot put a socket in the place of ours, which says for itself who may connect.
  mustBeRootOnly(run, statSync(run), CODE.io, 700);
  // Not the folder itself: others may be able to open it, and what they can open they can lock.
  const locks = join(run, 'lock');
  makeFolder(locks, 0o700);
  const lock = openSync(locks, constants.O_RDONLY | constants.O_DIRECTORY);
  if (!tryLock(lock)) throw new CniError(CODE.io, `another resident host is running in "${run}"`, { kind: 'busy' });
  const path = join(run, 'host.sock');
  // systemd's, which has no lock, and perhaps no host yet.
  if (await isListenedOn(path)) {
    throw new CniError(CODE.io, `somebody else listens on "${path}"`, { kind: 'busy', hint: 'if it is systemd, and this host shall serve in its place: systemctl stop cni-wasm.socket cni-wasm.service' });
  }
  // What a killed one left; nobody else has the lock.
  rmSync(path, { force: true });
  return { path, release: () => closeSync(lock) };
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(path, () => {
      socket.destroy();
      answer(true);
    });
    socket.on('error', () => answer(false));
  });
}

export function listen(server: Server, place: Place): Promise<void> {
  // Never, not even for a moment, may anybody else connect.
  const before = process.umask(0o177);
  return new Promise((ready, failed) => {
    server.once('error', (error) => failed('fd' in place ? noSocket(place.fd, error) : error));
    server.listen('fd' in place ? { fd: place.fd } : { path: place.path, backlog: 511 }, () => {
      process.umask(before);
      ready();
    });
  });
}

/** Whatever it is, Node says EINVAL. */
const noSocket = (fd: number, cause: Error): CniError => new CniError(CODE.io, `file descriptor ${fd}, which was handed over to be listened on, is no socket for that`, {
  kind: 'invalid', hint: 'it is what LISTEN_PID and LISTEN_FDS speak of: give a stream socket, as ListenStream= of cni-wasm.socket does, or neither of them for one of its own', cause,
});
