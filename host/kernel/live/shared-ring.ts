// Memory that threads of one process share: each reads what was written since it read last, the oldest of which is written over when there is no room.
// Nobody is woken, and who has nothing to do pays nothing.
// SPDX-License-Identifier: Apache-2.0

/** Of the first words: whether somebody is at it, and how many bytes have been written in all (modulo 2^32). */
const [LOCK, WRITTEN] = [0, 1];
const HEADER = 8;
const LENGTH = 4;
/** ms. It is held for as long as some kilobytes take to be copied, unless whoever holds it has no processor, or ended there. */
const PATIENCE = 2;

export interface SharedRing {
  /** What is too large is not written. */
  write(bytes: Uint8Array): void;
  /** In the order they were written; none when some of them have been written over. */
  read(): Buffer[];
}

/** `bytes`: a power of two */
export const sharedMemory = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(HEADER + bytes);

export function sharedRing(memory: SharedArrayBuffer): SharedRing {
  const words = new Int32Array(memory, 0, HEADER / 4);
  const ring = new Uint8Array(memory, HEADER);
  const size = ring.length;
  const written = (): number => Atomics.load(words, WRITTEN) >>> 0;
  let seen = written();

  /** Does nothing when the lock cannot be had: nobody relies on what is in here. */
  const locked = (act: () => void): void => {
    const end = performance.now() + PATIENCE;
    while (Atomics.compareExchange(words, LOCK, 0, 1) !== 0) {
      if (performance.now() > end) return;
      Atomics.wait(words, LOCK, 1, 1);
    }
    try {
      act();
    } finally {
      Atomics.store(words, LOCK, 0);
      Atomics.notify(words, LOCK);
    }
  };
  const put = (bytes: Uint8Array, at: number): void => {
    const place = at % size;
    const first = Math.min(bytes.length, size - place);
    ring.set(bytes.subarray(0, first), place);
    ring.set(bytes.subarray(first), 0);
  };
  const get = (at: number, length: number): Buffer => {
    const place = at % size;
    const first = Math.min(length, size - place);
    const bytes = Buffer.alloc(length);
    bytes.set(ring.subarray(place, place + first));
    bytes.set(ring.subarray(0, length - first), first);
    return bytes;
  };
  return {
    write(bytes) {
      if (bytes.length + LENGTH > size) return;
      const length = Buffer.alloc(LENGTH);
      length.writeUInt32LE(bytes.length);
      locked(() => {
        const at = written();
        put(length, at);
        put(bytes, (at + LENGTH) >>> 0);
        Atomics.store(words, WRITTEN, at + LENGTH + bytes.length);
        // One's own is no news.
        if (seen === at) seen = written();
      });
    },
    read() {
      const found: Buffer[] = [];
      if (seen === written()) return found;
      locked(() => {
        const end = written();
        if (((end - seen) >>> 0) <= size) {
          while (seen !== end) {
            const length = get(seen, LENGTH).readUInt32LE();
            found.push(get((seen + LENGTH) >>> 0, length));
            seen = (seen + LENGTH + length) >>> 0;
          }
        }
        seen = end;
      });
      return found;
    },
  };
}
