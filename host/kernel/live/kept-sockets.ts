// Netlink sockets of the host's namespace that outlive a call: opening them costs little, closing one that deleted rules a grace period of
// 10 to 20 ms. Those of containers are never kept, since a socket holds its namespace.
// SPDX-License-Identifier: Apache-2.0

import type { NetlinkSocket } from './netlink.ts';

export interface KeptSockets {
  take(netns: string | undefined, protocol: number): NetlinkSocket | undefined;
  /** False: it is the caller's to close. */
  keep(netns: string | undefined, protocol: number, socket: NetlinkSocket): boolean;
  /** Closes those that nobody has taken. */
  close(): void;
}

/** One socket for each protocol, of the namespace `netns` ("dev:inode"). */
export function keptSockets(netns: string): KeptSockets {
  const idle = new Map<number, NetlinkSocket>();
  return {
    take(of, protocol) {
      if (of !== netns) return undefined;
      const socket = idle.get(protocol);
      idle.delete(protocol);
      return socket;
    },
    keep(of, protocol, socket) {
      if (of !== netns || !socket.sound || idle.has(protocol)) return false;
      idle.set(protocol, socket);
      return true;
    },
    close() {
      for (const socket of idle.values()) socket.close();
      idle.clear();
    },
  };
}
