// How much of what callers have sent waits for their answers, over all connections: each may send 16 MB, and there may be a thousand.
// SPDX-License-Identifier: Apache-2.0

export interface Room {
  /** One connection's part. */
  part(): Part;
}

export interface Part {
  /** False: there is no room for so many bytes more, and they are not counted. */
  take(bytes: number): boolean;
  /** The connection is closed. */
  leave(): void;
}

/** Bytes that each connection has besides: an ordinary call, some 4 KB, has room however many large ones wait. */
const OWN = 64 * 1024;

/** `limit` in bytes. */
export function newRoom(limit: number): Room {
  let taken = 0;
  return {
    part() {
      let all = 0;
      let shared = 0;
      return {
        take(bytes) {
          const more = Math.max(0, all + bytes - OWN) - shared;
          if (taken + more > limit) return false;
          all += bytes;
          shared += more;
          taken += more;
          return true;
        },
        leave() {
          taken -= shared;
          shared = 0;
        },
      };
    },
  };
}
