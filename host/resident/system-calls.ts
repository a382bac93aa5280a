// The few system calls that Node has no name for, on the thread that asks.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel/kernel-error.ts';
import { errnoName } from '../kernel/live/errno.ts';
import { loadKoffi } from '../kernel/live/libc.ts';

interface Credentials { pid: number; uid: number }

export interface SystemCalls {
  /** SO_PEERCRED: who connected. The kernel says it, and pid is 0 for a process that this pid namespace does not show. */
  peerOf(fd: number): Credentials;
  /** Has the other side of a connection closed it, with nothing left to read? */
  isClosed(fd: number): boolean;
  /** Another descriptor of the same, which no program inherits; -1 when there can be none. */
  dup(fd: number): number;
  /** From here on, this thread's working folder and umask are its own. */
  ownFolder(): void;
  enterFolder(path: string): void;
  umask(mask: number): void;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const MSG_PEEK_DONTWAIT = 0x42;
const CLONE_FS = 0x200;
const F_DUPFD_CLOEXEC = 1030;

export function systemCalls(): SystemCalls {
  const koffi = loadKoffi();
  const library = koffi.load(null);
  const getsockopt = library.func('int getsockopt(int fd, int level, int option, uint8_t *value, uint8_t *length)');
  const recv = library.func('long recv(int fd, uint8_t *data, size_t length, int flags)');
  const fcntl = library.func('int fcntl(int fd, int command, int value)');
  const unshare = library.func('int unshare(int flags)');
  const chdir = library.func('int chdir(const char *path)');
  const umask = library.func('uint32_t umask(uint32_t mask)');
  const need = (action: string, answer: number | bigint): void => {
    if (Number(answer) < 0) throw new KernelError(errnoName(koffi.errno()), action);
  };
  return {
    peerOf(fd) {
      const value = Buffer.alloc(12);
      const length = Buffer.from([value.length, 0, 0, 0]);
      need('ask who connected', getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length));
      return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4) };
    },
    isClosed: (fd) => Number(recv(fd, Buffer.alloc(1), 1, MSG_PEEK_DONTWAIT)) === 0,
    dup: (fd) => Number(fcntl(fd, F_DUPFD_CLOEXEC, 0)),
    ownFolder: () => need('have a working folder of its own', unshare(CLONE_FS)),
    enterFolder: (path) => need(`enter "${path}"`, chdir(path)),
    umask: (mask) => void umask(mask),
  };
}
