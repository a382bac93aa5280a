// A module's sections, as far as V8 does not tell: https://webassembly.github.io/spec/core/binary/modules.html
// V8 has validated the bytes before, so they are well-formed; what this reader does not know it says so.
// SPDX-License-Identifier: Apache-2.0

export interface Declared {
  memories: Range[];
  tables: Range[];
  /** a type that is no function: structures and arrays live on V8's own heap, which no limit of ours covers */
  heapTypes: boolean;
}

/** Of pages or entries. */
export interface Range { minimum: number; maximum?: number; /** shared between threads, or addressed with 64 bits */ unusual: boolean }

const TYPES = 1;
const TABLES = 4;
const MEMORIES = 5;
const FUNCTION = 0x60;
const REFERENCE = [0x63, 0x64];

export function readDeclared(bytes: Uint8Array): Declared {
  const declared: Declared = { memories: [], tables: [], heapTypes: false };
  const reader = readerOf(bytes);
  reader.skip(8);
  while (!reader.atEnd()) {
    const id = reader.byte();
    const content = readerOf(reader.take(reader.number()));
    if (id === TYPES) declared.heapTypes = hasHeapTypes(content);
    if (id === TABLES) declared.tables = content.list(() => readTable(content));
    if (id === MEMORIES) declared.memories = content.list(() => readRange(content));
  }
  return declared;
}

function hasHeapTypes(reader: Reader): boolean {
  for (let left = reader.number(); left > 0; left--) {
    if (reader.byte() !== FUNCTION) return true;
    for (const _ of ['parameters', 'results']) reader.list(() => skipValueType(reader));
  }
  return false;
}

function skipValueType(reader: Reader): void {
  if (REFERENCE.includes(reader.byte())) reader.number();
}

/** 0x40 0x00 opens a table with an initial value, whose expression comes behind the range; a module of ours has at most one table. */
function readTable(reader: Reader): Range {
  if (reader.peek() === 0x40) reader.skip(2);
  skipValueType(reader);
  return readRange(reader);
}

function readRange(reader: Reader): Range {
  const flags = reader.byte();
  const minimum = reader.number();
  return { minimum, unusual: flags > 1, ...((flags & 1) === 1 ? { maximum: reader.number() } : {}) };
}

type Reader = ReturnType<typeof readerOf>;

function readerOf(bytes: Uint8Array) {
  let at = 0;
  const byte = (): number => bytes[at++] ?? 0;
  /** LEB128; multiplied rather than shifted, because 64-bit ranges do not fit 32 bits */
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
    }
  };
  return {
    byte,
    number,
    peek: (): number => bytes[at] ?? 0,
    skip: (count: number): void => { at += count; },
    take: (count: number): Uint8Array => bytes.subarray(at, (at += count)),
    atEnd: (): boolean => at >= bytes.length,
    list: <T>(read: () => T): T[] => Array.from({ length: number() }, read),
  };
}
