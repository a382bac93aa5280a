// A module's sections, as far as V8 does not tell: https://webassembly.github.io/spec/core/binary/modules.html
// What is declared is read when V8 has validated the bytes, custom sections before; what this reader does not know it says so.
// SPDX-License-Identifier: Apache-2.0

export interface Declared {
  /** functions, in order, with their types as "i32 i32 -> i32" */
  imports: { module: string; name: string; type: string }[];
  memories: Range[];
  tables: Range[];
  /** a type that is no function: structures and arrays live on V8's own heap, which no limit of ours covers */
  heapTypes: boolean;
}

/** Of pages or entries. */
export interface Range { minimum: number; maximum?: number; /** shared between threads, or addressed with 64 bits */ unusual: boolean }

const CUSTOM = 0;
const TYPES = 1;
const IMPORTS = 2;
const TABLES = 4;
const MEMORIES = 5;
const FUNCTION = 0x60;
const REFERENCE = [0x63, 0x64];

/** What the sections of this name hold. Of bytes that are no module it may be anything, but it ends. */
export function customSections(bytes: Uint8Array, name: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  eachSection(bytes, (id, content) => {
    if (id === CUSTOM && content.text() === name) found.push(content.rest());
  });
  return found;
}

export function readDeclared(bytes: Uint8Array): Declared {
  const declared: Declared = { imports: [], memories: [], tables: [], heapTypes: false };
  let types: string[] = [];
  eachSection(bytes, (id, content) => {
    if (id === TYPES) ({ types, heapTypes: declared.heapTypes } = readTypes(content));
    if (id === IMPORTS) declared.imports = content.list(() => readImport(content, types)).filter((one) => one !== undefined);
    if (id === TABLES) declared.tables = content.list(() => readTable(content));
    if (id === MEMORIES) declared.memories = content.list(() => readRange(content));
  });
  return declared;
}

/** In their order, behind the magic number and the version. */
function eachSection(bytes: Uint8Array, read: (id: number, content: Reader) => void): void {
  const reader = readerOf(bytes);
  reader.skip(8);
  while (!reader.atEnd()) read(reader.byte(), readerOf(reader.take(reader.number())));
}

/** Ends at the first type that is no function: the module is refused for it. */
function readTypes(reader: Reader): { types: string[]; heapTypes: boolean } {
  const types: string[] = [];
  for (let left = reader.number(); left > 0; left--) {
    if (reader.byte() !== FUNCTION) return { types, heapTypes: true };
    const [parameters, results] = [reader.list(() => readValueType(reader)), reader.list(() => readValueType(reader))];
    types.push(`${parameters.join(' ')} -> ${results.join(' ')}`.trim());
  }
  return { types, heapTypes: false };
}

const NUMBERS: Readonly<Record<number, string>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };

function readValueType(reader: Reader): string {
  const byte = reader.byte();
  if (REFERENCE.includes(byte)) reader.number();
  return NUMBERS[byte] ?? 'other';
}

function readImport(reader: Reader, types: readonly string[]): Declared['imports'][number] | undefined {
  const [module, name] = [reader.text(), reader.text()];
  switch (reader.byte()) {
    case 0: return { module, name, type: types[reader.number()] ?? 'unknown' };
    case 1: return void readTable(reader);
    case 2: return void readRange(reader);
    case 3: return void [readValueType(reader), reader.byte()];
    default: return void [reader.byte(), reader.number()];
  }
}

/** 0x40 0x00 opens a table with an initial value, whose expression comes behind the range; a module of ours has at most one table. */
function readTable(reader: Reader): Range {
  if (reader.peek() === 0x40) reader.skip(2);
  readValueType(reader);
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
  /** LEB128 of at most 64 bits; multiplied rather than shifted, because 64-bit ranges do not fit 32 bits */
  const number = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 64; scale *= 128) {
      const next = byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) break;
    }
    return value;
  };
  const take = (count: number): Uint8Array => bytes.subarray(at, (at += count));
  return {
    byte,
    number,
    peek: (): number => bytes[at] ?? 0,
    skip: (count: number): void => { at += count; },
    take,
    rest: (): Uint8Array => bytes.subarray(at),
    atEnd: (): boolean => at >= bytes.length,
    text: (): string => new TextDecoder().decode(take(number())),
    list: <T>(read: () => T): T[] => Array.from({ length: number() }, read),
  };
}
