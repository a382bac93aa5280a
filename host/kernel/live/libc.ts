// The C library, called synchronously through koffi: sockets and namespaces need the calling thread.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../../cni-error.ts';
import { messageOf } from '../../message-of.ts';
import { once } from '../../once.ts';
import { KernelError } from '../kernel-error.ts';
import { errnoName } from './errno.ts';
import { nativePart } from '#parts';

export interface Libc {
  /** Each throws KernelError with the action's text when the call fails. */
  socket(family: number, type: number, protocol: number, action: string): number;
  connect(fd: number, address: Uint8Array, action: string): void;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, action: string): void;
  /** Eight bytes; undefined when there is no such option. */
  getsockopt64(fd: number, level: number, option: number): bigint | undefined;
  send(fd: number, data: Uint8Array, action: string): void;
  /** Bytes received; 0 to `buffer.length`. EAGAIN (the receive timeout) is ETIMEDOUT here. */
  recv(fd: number, buffer: Uint8Array, action: string): number;
  /** The same of what is there already; undefined when nothing is. */
  recvWaiting(fd: number, buffer: Uint8Array, action: string): number | undefined;
  setns(fd: number, action: string): void;
  close(fd: number): void;
  /** flock(2) with LOCK_NB; false for EWOULDBLOCK. */
  tryFlock(fd: number, mode: 'shared' | 'exclusive'): boolean;
  /** mkfifo(3), for root alone */
  makePipe(path: string): void;
  /** Waits, at most so many ms, until nobody has this pipe open for writing any more. */
  awaitHangUp(fd: number, ms: number): void;
  /** f_type of statfs(2). */
  filesystemType(path: string): number;
}

export interface Koffi {
  load(library: null): { func(prototype: string): (...args: unknown[]) => number | bigint };
  errno(): number;
}

const EINTR = 4;
const EAGAIN = 11;
const CLONE_NEWNET = 0x40000000;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
/** MSG_TRUNC with recv gives the real length of a datagram that did not fit. */
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

export function openLibc(): Libc {
  const koffi = loadKoffi();
  const library = koffi.load(null);
  /** Below zero: the errno. */
  const tried = (prototype: string) => {
    const run = library.func(prototype);
    return (...args: unknown[]): number => {
      for (;;) {
        const answer = Number(run(...args));
        if (answer >= 0) return answer;
        const errno = koffi.errno();
        if (errno !== EINTR) return -errno;
      }
    };
  };
  const checked = (run: (...args: unknown[]) => number) => (action: string, ...args: unknown[]): number => {
    const answer = run(...args);
    if (answer < 0) throw new KernelError(errnoName(-answer), action);
    return answer;
  };
  const call = (prototype: string) => checked(tried(prototype));
  const socket = call('int socket(int family, int type, int protocol)');
  const connect = call('int connect(int fd, const uint8_t *address, uint32_t length)');
  const setsockopt = call('int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)');
  const send = call('long send(int fd, const uint8_t *data, size_t length, int flags)');
  const tryRecv = tried('long recv(int fd, uint8_t *data, size_t length, int flags)');
  const setns = call('int setns(int fd, int type)');
  const close = call('int close(int fd)');
  const flock = call('int flock(int fd, int operation)');
  // Not called by all; each declaration costs 20 to 40 µs.
  const mkfifo = once(() => call('int mkfifo(const char *path, uint32_t mode)'));
  const poll = once(() => call('int poll(uint8_t *waited, unsigned long count, int ms)'));
  const getsockopt = once(() => tried('int getsockopt(int fd, int level, int option, uint8_t *value, uint32_t *length)'));
  const statfs = call('int statfs(const char *path, uint8_t *answer)');
  /** Undefined: there is nothing (yet). */
  const receive = (fd: number, buffer: Uint8Array, flags: number, action: string): number | undefined => {
    const length = tryRecv(fd, buffer, buffer.length, MSG_TRUNC | flags);
    if (length === -EAGAIN) return undefined;
    if (length < 0) throw new KernelError(errnoName(-length), action);
    if (length > buffer.length) throw new KernelError('EMSGSIZE', action, `an answer of ${length} bytes`);
    return length;
  };
  return {
    socket: (family, type, protocol, action) => socket(action, family, type, protocol),
    connect: (fd, address, action) => void connect(action, fd, address, address.length),
    setsockopt: (fd, level, option, value, action) => void setsockopt(action, fd, level, option, value, value.length),
    getsockopt64(fd, level, option) {
      const [value, length] = [Buffer.alloc(8), Buffer.alloc(4)];
      length.writeUInt32LE(value.length);
      return getsockopt()(fd, level, option, value, length) < 0 ? undefined : value.readBigUInt64LE();
    },
    send: (fd, data, action) => void send(action, fd, data, data.length, 0),
    recv(fd, buffer, action) {
      const length = receive(fd, buffer, 0, action);
      if (length === undefined) throw new KernelError('ETIMEDOUT', action, 'the kernel did not answer');
      return length;
    },
    recvWaiting: (fd, buffer, action) => receive(fd, buffer, MSG_DONTWAIT, action),
    setns: (fd, action) => void setns(action, fd, CLONE_NEWNET),
    close: (fd) => void close('close', fd),
    tryFlock(fd, mode) {
      try {
        flock('flock', fd, (mode === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB);
        return true;
      } catch (error) {
        if (error instanceof KernelError && error.errno === errnoName(EAGAIN)) return false;
        throw error;
      }
    },
    makePipe: (path) => void mkfifo()(`make pipe "${path}"`, path, 0o600),
    awaitHangUp(fd, ms) {
      // struct pollfd { int fd; short events, revents }: a hang-up is told unasked.
      const waited = Buffer.alloc(8);
      waited.writeInt32LE(fd);
      poll()('poll', waited, 1, Math.ceil(ms));
    },
    filesystemType(path) {
      // struct statfs is 120 bytes on 64-bit Linux and begins with f_type.
      const answer = Buffer.alloc(256);
      statfs(`statfs "${path}"`, path, answer);
      return answer.readUInt32LE(0);
    },
  };
}

export function loadKoffi(): Koffi {
  try {
    return nativePart() as Koffi;
  } catch (cause) {
    throw new CniError(CODE.hostInternal, `the native part of the host cannot be loaded: ${messageOf(cause).split('\n')[0]}`, {
      cause, hint: 'it is for glibc and for one processor: unpack the archive for this one anew, where files may be executed (no mount with noexec)',
    });
  }
}
