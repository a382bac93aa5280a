// A pair of namespaces as the live kernel holds them: sockets opened once in each, and entering one for what has no socket.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, fstatSync, openSync } from 'node:fs';
import { CniError, CODE } from '../../cni-error.ts';
import { messageOf } from '../../message-of.ts';
import { once } from '../../once.ts';
import { errnoOf, outOfFiles } from '../../system-error.ts';
import { KernelError } from '../kernel-error.ts';
import type { Ns } from '../kernel.ts';
import type { KnownDialects } from './iptables-nft/dialect.ts';
import type { KeptSockets, KindOfSocket } from './kept-sockets.ts';
import type { Libc } from './libc.ts';
import { NetfilterSocket } from './netfilter-socket.ts';
import type { NetlinkSocket } from './netlink.ts';
import { programsIn, type Programs } from './programs.ts';
import { RouteSocket } from './route-socket.ts';
import type { SysctlFolders } from './sysctl-folders.ts';

export interface LiveContext {
  readonly libc: Libc;
  /** as the caller's PATH finds them */
  readonly programs: Programs;
  /** "dev:inode" */
  netnsId(ns: Ns): string | undefined;
  /** "dev:inode" of the host's, "dev:inode:cookie" of a container's */
  netnsMark(ns: Ns): string | undefined;
  /** For IFLA_NET_NS_FD. Throws ENOENT without a container namespace. */
  netnsFd(ns: Ns): number;
  route(ns: Ns): RouteSocket;
  netfilter(ns: Ns): NetfilterSocket;
  /** Descriptors of locks that must not come free before a program that writes rules has ended. */
  locks(): readonly number[];
  /** Runs `act` on this thread inside the namespace. `act` must be synchronous. */
  within<T>(ns: Ns, act: () => T): T;
  close(): void;
}

/** What a call brings along, and what outlives it. */
export interface Surroundings {
  /** the caller's */
  env: Readonly<Record<string, string | undefined>>;
  /** sockets and folders of the host's namespace, for a process that serves more than one call */
  kept?: KeptSockets;
  sysctls?: SysctlFolders;
  dialects?: KnownDialects;
  locks?: () => readonly number[];
}

/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
const PROC_SUPER_MAGIC = 0x9fa0;

/** The container's namespace is opened once, so that a path that is swapped later leads nowhere. */
export function openContext(libc: Libc, netns: string, { env, kept, locks = () => [] }: Surroundings = { env: process.env }): LiveContext {
  const fds = openBoth(libc, netns);
  const ids: Partial<Record<Ns, string>> = {};
  for (const ns of ['host', 'container'] as const) {
    const fd = fds[ns];
    if (fd !== undefined) ids[ns] = idOf(fd);
  }
  const sockets: Record<Ns, Map<unknown, NetlinkSocket>> = { host: new Map(), container: new Map() };
  /** Open until the end, since somebody may still hold one. */
  const unsound: NetlinkSocket[] = [];

  const netnsFd = (ns: Ns): number => {
    const fd = fds[ns];
    if (fd === undefined) throw new KernelError('ENOENT', `use the ${ns} namespace`, 'the container has no network namespace (any more)');
    return fd;
  };
  let current: Ns = 'host';
  const within = <T>(ns: Ns, act: () => T): T => {
    if (ns === current) return act();
    const before = current;
    libc.setns(netnsFd(ns), `enter the ${ns} namespace`);
    current = ns;
    try {
      return act();
    } finally {
      goBack(libc, netnsFd(before));
      current = before;
    }
  };
  const socket = <Socket extends NetlinkSocket>(ns: Ns, kind: KindOfSocket<Socket>): Socket => {
    const before = sockets[ns].get(kind) as Socket | undefined;
    if (before?.sound) return before;
    const next = kept?.take(ids[ns], kind) ?? within(ns, () => new kind(libc));
    if (before) unsound.push(before);
    sockets[ns].set(kind, next);
    return next;
  };
  const close = (): void => {
    for (const open of sockets.host.values()) if (!kept?.keep(ids.host, open)) open.close();
    for (const open of [...sockets.container.values(), ...unsound.splice(0)]) open.close();
    for (const opened of Object.values(sockets)) opened.clear();
    for (const fd of Object.values(fds)) closeSync(fd);
  };
  try {
    // A file that is no network namespace is found out here, while DEL can still go on without it.
    if (fds.container !== undefined) socket('container', RouteSocket);
  } catch (cause) {
    close();
    const errno = errnoOf(cause);
    throw new CniError(CODE.plugin, `failed to open netns "${netns}": ${messageOf(cause)}`, { kind: 'invalid', ...(errno === undefined ? {} : { errno, hint: outOfFiles(errno) }), cause });
  }
  const containerMark = once(() => {
    const cookie = ids.container === undefined ? undefined : socket('container', RouteSocket).netnsCookie();
    return cookie === undefined ? ids.container : `${ids.container}:${cookie}`;
  });
  return {
    libc, netnsFd, locks, within, close,
    programs: programsIn(env['PATH'] ?? ''),
    netnsId: (ns) => ids[ns],
    netnsMark: (ns) => (ns === 'host' ? ids.host : containerMark()),
    route: (ns) => socket(ns, RouteSocket),
    netfilter: (ns) => socket(ns, NetfilterSocket),
  };
}

/** Or neither: what a resident host has open of a namespace keeps that on the node. */
function openBoth(libc: Libc, netns: string): Partial<Record<Ns, number>> {
  const container = netns === '' ? undefined : openNetns(libc, netns);
  try {
    return { ...(container === undefined ? {} : { container }), host: openSync('/proc/thread-self/ns/net', 'r') };
  } catch (error) {
    if (container !== undefined) closeSync(container);
    throw error;
  }
}

function openNetns(libc: Libc, path: string): number {
  let type: number;
  try {
    type = libc.filesystemType(path);
  } catch (error) {
    const words: Record<string, string> = { ENOENT: 'no such file or directory', EACCES: 'permission denied', ENOTDIR: 'not a directory' };
    const errno = error instanceof KernelError ? error.errno : 'EIO';
    throw new CniError(CODE.plugin, `failed to open netns "${path}": failed to Statfs "${path}": ${words[errno] ?? errno}`, { kind: 'not-found', errno, cause: error });
  }
  if (type !== NSFS_MAGIC && type !== PROC_SUPER_MAGIC) {
    throw new CniError(CODE.plugin, `failed to open netns "${path}": unknown FS magic on "${path}": ${type.toString(16)}`, { kind: 'invalid', errno: 'EINVAL' });
  }
  try {
    return openSync(path, 'r');
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    throw new CniError(CODE.plugin, `failed to open netns "${path}": ${errno}`, { kind: 'io', errno, hint: outOfFiles(errno), cause: error });
  }
}

function idOf(fd: number): string {
  const { dev, ino } = fstatSync(fd);
  return `${dev}:${ino}`;
}

/** A thread that stays in the wrong namespace would do the next work there: better no process than that one. */
function goBack(libc: Libc, fd: number): void {
  try {
    libc.setns(fd, 'leave a namespace');
  } catch {
    process.abort();
  }
}
