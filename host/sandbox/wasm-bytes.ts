// Reading and writing a module's bytes: https://webassembly.github.io/spec/core/binary/
// A reader ends at the end of its bytes, whatever they are: behind it everything is 0.
// SPDX-License-Identifier: Apache-2.0

/** LEB128 of at most 64 bits; multiplied rather than shifted, because 64-bit ranges do not fit 32 bits. */
export function numberAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 64; scale *= 128) {
    const next = bytes[at++] ?? 0;
    value += (next & 0x7f) * scale;
    if (next < 0x80) break;
  }
  return value;
}

/** The place behind a number of any kind. */
export function behindNumber(bytes: Uint8Array, at: number): number {
  while ((bytes[at++] ?? 0) >= 0x80);
  return at;
}

export type Reader = ReturnType<typeof readerOf>;

export function readerOf(bytes: Uint8Array) {
  let at = 0;
  const byte = (): number => bytes[at++] ?? 0;
  const skipNumber = (): void => { at = behindNumber(bytes, at); };
  const number = (): number => {
    const value = numberAt(bytes, at);
    skipNumber();
    return value;
  };
  const take = (count: number): Uint8Array => bytes.subarray(at, (at += count));
  return {
    byte,
    number,
    skipNumber,
    peek: (): number => bytes[at] ?? 0,
    skip: (count: number): void => { at += count; },
    take,
    rest: (): Uint8Array => bytes.subarray(at),
    atEnd: (): boolean => at >= bytes.length,
    text: (): string => new TextDecoder().decode(take(number())),
    list: <T>(read: () => T): T[] => Array.from({ length: number() }, read),
  };
}

/** Sections by their ids. Custom ones may stand anywhere. */
export const SECTION = {
  custom: 0, types: 1, imports: 2, functions: 3, tables: 4, memories: 5, globals: 6, exports: 7, start: 8, elements: 9, code: 10, data: 11, dataCount: 12, tags: 13,
} as const;

/** How the type of a function begins. */
export const FUNCTION_TYPE = 0x60;
/** How one of a reference begins that says to what; a number follows. */
export const isReference = (byte: number): boolean => byte === 0x63 || byte === 0x64;

interface Section { id: number; content: Uint8Array }

/** In their order, behind the magic number and the version. */
export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = readerOf(bytes);
  reader.skip(8);
  while (!reader.atEnd()) yield { id: reader.byte(), content: reader.take(reader.number()) };
}

export type Writer = ReturnType<typeof writerOf>;

/** `room` bytes to begin with. */
export function writerOf(room: number) {
  let bytes = new Uint8Array(room);
  let at = 0;
  const makeRoom = (more: number): void => {
    if (at + more <= bytes.length) return;
    const larger = new Uint8Array(2 * (at + more));
    larger.set(bytes);
    bytes = larger;
  };
  const copy = (from: Uint8Array | readonly number[]): void => {
    makeRoom(from.length);
    bytes.set(from, at);
    at += from.length;
  };
  return {
    at: (): number => at,
    bytes: copy,
    number: (value: number): void => copy(leb128(value)),
    /** Room for a number below 2^31 that is known only later, in 5 bytes whatever it is. */
    place(): (value: number) => void {
      const here = at;
      copy([0, 0, 0, 0, 0]);
      return (value) => { for (let i = 0; i < 5; i++) bytes[here + i] = ((value >>> (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0); };
    },
    whole: (): Uint8Array => bytes.subarray(0, at),
  };
}

/** An unsigned number. */
export function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  return bytes;
}
