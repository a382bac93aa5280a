// Netlink sockets of the host's namespace that outlive a call: opening them costs little, closing one that deleted rules a grace period of
// 10 to 20 ms. Those of containers are never kept, since a socket holds its namespace.
// SPDX-License-Identifier: Apache-2.0

import type { Libc } from './libc.ts';
import type { NetlinkSocket } from './netlink.ts';

export type KindOfSocket<Socket extends NetlinkSocket> = new (libc: Libc) => Socket;

export interface KeptSockets {
  take<Socket extends NetlinkSocket>(netns: string | undefined, kind: KindOfSocket<Socket>): Socket | undefined;
  /** False: it is the caller's to close. */
  keep(netns: string | undefined, socket: NetlinkSocket): boolean;
  /** Closes those that nobody has taken. */
  close(): void;
}

/** One socket of each kind, of the namespace `netns` ("dev:inode"). */
export function keptSockets(netns: string): KeptSockets {
  const idle = new Map<unknown, NetlinkSocket>();
  return {
    take<Socket extends NetlinkSocket>(of: string | undefined, kind: KindOfSocket<Socket>) {
      if (of !== netns) return undefined;
      const socket = idle.get(kind);
      idle.delete(kind);
      return socket as Socket | undefined;
    },
    keep(of, socket) {
      if (of !== netns || !socket.sound || idle.has(socket.constructor)) return false;
      idle.set(socket.constructor, socket);
      return true;
    },
    close() {
      for (const socket of idle.values()) socket.close();
      idle.clear();
    },
  };
}
