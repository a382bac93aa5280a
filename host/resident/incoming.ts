// What has come through a socket so far: chunks, put together only when there are as many bytes as the reader wants.
// SPDX-License-Identifier: Apache-2.0

import type { Read } from './wire.ts';

export interface Incoming {
  add(chunk: Buffer): void;
  /** Undefined: more is to come. What lies behind it stays for the next reader. */
  take<T>(read: (bytes: Buffer) => Read<T>): T | undefined;
}

export function incoming(): Incoming {
  let chunks: Buffer[] = [];
  let length = 0;
  let wanted = 0;
  const keep = (bytes: Buffer): void => {
    chunks = [bytes];
    length = bytes.length;
  };
  return {
    add(chunk) {
      chunks.push(chunk);
      length += chunk.length;
    },
    take(read) {
      if (length < wanted) return undefined;
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      const found = read(all);
      if ('wanted' in found) {
        keep(all);
        wanted = found.wanted;
        return undefined;
      }
      keep(found.rest);
      wanted = 0;
      return found.whole;
    },
  };
}
