// Reading and writing a guest's memory: the only place that does, and every range is checked by the host first.
// SPDX-License-Identifier: Apache-2.0

/** Internal: ends the run of a guest that broke a rule of the ABI. It crosses the guest's frames like a trap. */
export class GuestBroke extends Error {
  constructor(readonly limit: boolean, message: string) {
    super(message);
    this.name = 'GuestBroke';
  }
}

export class GuestMemory {
  /** The memory is known only after instantiation, and a start function may call imports before. */
  memory: WebAssembly.Memory | undefined;

  read(pointer: number, length: number, max: number, what: string): Uint8Array {
    if ((length >>> 0) > max) throw new GuestBroke(true, `${what} of ${length >>> 0} bytes is over the limit of ${max}`);
    return new Uint8Array(this.range(pointer, length, what));
  }

  readText(pointer: number, length: number, max: number, what: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.read(pointer, length, max, what));
    } catch (error) {
      throw error instanceof GuestBroke ? error : new GuestBroke(false, `${what} is not valid UTF-8`);
    }
  }

  write(pointer: number, bytes: Uint8Array, what: string): void {
    this.range(pointer, bytes.length, what).set(bytes);
  }

  private range(pointer: number, length: number, what: string): Uint8Array {
    const from = pointer >>> 0;
    const size = length >>> 0;
    const all = this.memory?.buffer.byteLength ?? 0;
    if (from + size > all) throw new GuestBroke(false, `${what} reaches over the end of memory: ${size} bytes at ${from} of ${all}`);
    return new Uint8Array(this.memory!.buffer, from, size);
  }
}
