// A module's sections, as far as V8 does not tell: https://webassembly.github.io/spec/core/binary/modules.html
// What is declared is read when V8 has validated the bytes, custom sections before; what this reader does not know it says so.
// SPDX-License-Identifier: Apache-2.0

import { isReference, readerOf, SECTION, sectionsOf, type Reader } from './wasm-bytes.ts';

export interface Declared {
  /** functions, in order, with their types as "i32 i32 -> i32", and which of the module's types those are */
  imports: { module: string; name: string; type: string; typeIndex: number }[];
  memories: Range[];
  tables: Range[];
  /** how many types, and how many globals with the imported ones */
  types: number;
  globals: number;
  /** what it throws lives on V8's own heap, which no limit of ours covers */
  exceptions: boolean;
}

/** Of pages or entries. */
export interface Range { minimum: number; maximum?: number; /** shared between threads, or addressed with 64 bits */ unusual: boolean }

/** What the sections of this name hold. Of bytes that are no module it may be anything, but it ends. */
export function customSections(bytes: Uint8Array, name: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const { id, content } of sectionsOf(bytes)) {
    if (id !== SECTION.custom) continue;
    const reader = readerOf(content);
    if (reader.text() === name) found.push(reader.rest());
  }
  return found;
}

export function readDeclared(bytes: Uint8Array): Declared {
  const declared: Declared = { imports: [], memories: [], tables: [], types: 0, globals: 0, exceptions: false };
  let types: string[] = [];
  for (const { id, content } of sectionsOf(bytes)) {
    const reader = readerOf(content);
    if (id === SECTION.types) types = reader.list(() => readType(reader));
    if (id === SECTION.imports) {
      const imports = reader.list(() => readImport(reader, types));
      declared.imports = imports.filter((one) => typeof one === 'object');
      declared.globals += imports.filter((one) => one === 'global').length;
    }
    if (id === SECTION.tables) declared.tables = reader.list(() => readTable(reader));
    if (id === SECTION.memories) declared.memories = reader.list(() => readRange(reader));
    if (id === SECTION.globals) declared.globals += reader.number();
    if (id === SECTION.tags) declared.exceptions = reader.number() > 0;
  }
  return { ...declared, types: types.length };
}

/** All are functions: others are refused before (compile-limit.ts). */
function readType(reader: Reader): string {
  reader.skip(1);
  const [parameters, results] = [reader.list(() => readValueType(reader)), reader.list(() => readValueType(reader))];
  return `${parameters.join(' ')} -> ${results.join(' ')}`.trim();
}

const NUMBERS: Readonly<Record<number, string>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };

function readValueType(reader: Reader): string {
  const byte = reader.byte();
  if (isReference(byte)) reader.number();
  return NUMBERS[byte] ?? 'other';
}

function readImport(reader: Reader, types: readonly string[]): Declared['imports'][number] | 'global' | 'other' {
  const [module, name] = [reader.text(), reader.text()];
  switch (reader.byte()) {
    case 0: {
      const typeIndex = reader.number();
      return { module, name, type: types[typeIndex] ?? 'unknown', typeIndex };
    }
    case 1:
      readTable(reader);
      return 'other';
    case 2:
      readRange(reader);
      return 'other';
    case 3:
      readValueType(reader);
      reader.skip(1);
      return 'global';
    default:
      reader.skip(1);
      reader.skipNumber();
      return 'other';
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
