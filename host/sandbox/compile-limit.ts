// What V8 takes to compile a module, before and while it runs: no limit of V8's own is below gigabytes, and where a node has no more, the process is
// killed, whatever else it was doing.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { behindInstruction, behindType, EMPTY_BLOCK, isInBulk, OP } from './instructions.ts';
import { readDeclared } from './sections.ts';
import { behindNumber, FUNCTION_TYPE, isReference, numberAt, readerOf, SECTION, sectionsOf, type Reader } from './wasm-bytes.ts';

/** 2.5 KB each, until the module is compiled; V8 takes a million of them. */
const MAX_GLOBALS = 10_000;
/** V8 keeps each until the process ends, and ends it at a million of all modules (Node 24), or compares it with those before (Node 20). None of the modules at hand has more than 23. */
const MAX_TYPES = 1_000;
/** 33 bytes each while V8 looks whether a function is valid, whose calls are two bytes. None of the modules at hand has a type with more than one. */
const MAX_RESULTS = 16;
/** 16 bytes each at every block that takes them, which is three bytes. */
const MAX_PARAMETERS = 100;
/** Up to 600 bytes each, where a function is called often enough for V8 to optimise it. None of the modules at hand has a function of more than 15,000. */
const MAX_BYTES = 1 << 18;
/** 25 to 70 bytes each; none has a function with more than 24,000. */
const MAX_NOTES = 1 << 22;
/** 2 to 6 ns each; none has a function with more than 12,000. */
const MAX_LOOKS = 1 << 28;

/** Bytes that V8 has not seen yet. Throws code 100. */
export function checkSections(bytes: Uint8Array, name: string): void {
  for (const { id, content } of sectionsOf(bytes)) {
    const globals = id === SECTION.globals ? numberAt(content, 0) : 0;
    if (globals > MAX_GLOBALS) throw new CniError(CODE.moduleRefused, `module "${name}" has ${globals} globals, at most ${MAX_GLOBALS} may be`, { hint: 'keep data in its memory' });
    if (id === SECTION.types) checkTypes(readerOf(content), name);
  }
}

function checkTypes(reader: Reader, name: string): void {
  const count = reader.number();
  if (count > MAX_TYPES) throw new CniError(CODE.moduleRefused, `module "${name}" has ${count} types, at most ${MAX_TYPES} may be`, { hint: 'build it with fewer kinds of functions' });
  for (let left = count; left > 0 && !reader.atEnd(); left--) {
    // A group of types begins otherwise, too, and those of functions in it are not told from the others.
    if (reader.peek() !== FUNCTION_TYPE) {
      throw new CniError(CODE.moduleRefused, `module "${name}" declares types of the garbage-collected heap, which cannot be limited`, { hint: 'build it for linear memory' });
    }
    const { params, results } = readArity(reader);
    if (params > MAX_PARAMETERS) throw tooMany(name, `${params} parameters`, MAX_PARAMETERS);
    if (results > MAX_RESULTS) throw tooMany(name, `${results} results`, MAX_RESULTS);
  }
}

const tooMany = (name: string, what: string, most: number): CniError =>
  new CniError(CODE.moduleRefused, `module "${name}" has a type with ${what}, at most ${most} may be`, { hint: 'hand over so many values in its memory' });

export class TooMuchToCompile extends Error {
  constructor(index: number, what: string, most: number) {
    super(`its function ${index} has ${what}, at most ${most} may be`);
    this.name = 'TooMuchToCompile';
  }
}

/**
 * At the beginning of each block, and at each branch to its end, V8 notes where every local and every value on the stack is, and at each call it looks
 * where they are: 50,000 locals are four bytes of a module, a block is three, a call two, and a branch of many one. V8 has found the bytes valid, and the count is in them (meter.ts). Throws TooMuchToCompile.
 */
export function checkFunctions(bytes: Uint8Array): void {
  const sections = new Map([...sectionsOf(bytes)].map(({ id, content }) => [id, content]));
  const read = <T>(id: number, item: (reader: Reader) => T): T[] => {
    const reader = readerOf(sections.get(id) ?? Uint8Array.of(0));
    return reader.list(() => item(reader));
  };
  const types = read(SECTION.types, readArity);
  const imported = readDeclared(bytes).imports.map(({ typeIndex }) => typeIndex);
  const functions = [...imported, ...read(SECTION.functions, (reader) => reader.number())].map((type) => types[type]!);
  const most = types.reduce((sum, { results }) => Math.max(sum, results), 1);
  read(SECTION.code, (reader) => reader.take(reader.number())).forEach((body, i) => {
    const index = imported.length + i;
    const { locals, code } = readLocals(body);
    const slots = functions[index]!.params + locals;
    // The count's import stands before it.
    if (body.length > MAX_BYTES) throw new TooMuchToCompile(index - 1, `${body.length} bytes with the count`, MAX_BYTES);
    // One byte at least for a branch of many, and for what leaves a value.
    if ((slots + most * body.length) * body.length <= MAX_NOTES) return;
    const { notes, looks } = noticeOf(body, code, slots, types, functions);
    if (notes > MAX_NOTES) throw new TooMuchToCompile(index - 1, `${notes} locals and values on the stack at its blocks and branches`, MAX_NOTES);
    if (looks > MAX_LOOKS) throw new TooMuchToCompile(index - 1, `${looks} locals and values on the stack at its calls`, MAX_LOOKS);
  });
}

interface Arity { params: number; results: number }

function readArity(reader: Reader): Arity {
  reader.skip(1);
  return { params: readValues(reader), results: readValues(reader) };
}

/** How many they are, in bytes that may be no module. */
function readValues(reader: Reader): number {
  const count = reader.number();
  for (let left = count; left > 0 && !reader.atEnd(); left--) {
    if (isReference(reader.byte())) reader.skipNumber();
  }
  return count;
}

function readLocals(body: Uint8Array): { locals: number; code: number } {
  let locals = 0;
  let at = behindNumber(body, 0);
  for (let left = numberAt(body, 0); left > 0; left--) {
    locals += numberAt(body, at);
    at = behindType(body, behindNumber(body, at));
  }
  return { locals, code: at };
}

/** Follows the stack's height: what lies below a block stays there, also where code is never reached, and what a block leaves its type says. */
function noticeOf(body: Uint8Array, at: number, slots: number, types: readonly Arity[], functions: readonly Arity[]): { notes: number; looks: number } {
  const open = [{ floor: 0, params: 0, results: 0 }];
  let height = 0;
  let notes = 0;
  let looks = 0;
  while (open.length > 0) {
    const opcode = body[at]!;
    const here = open.at(-1)!;
    if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) {
      const { params, results } = arityOfBlock(body, at + 1, types);
      if (opcode === OP.if) height = Math.max(here.floor, height - 1);
      notes += slots + height;
      open.push({ floor: Math.max(here.floor, height - params), params, results });
    } else if (opcode === OP.else) height = here.floor + here.params;
    else if (opcode === OP.end) {
      open.pop();
      height = here.floor + here.results;
    } else {
      notes += (slots + height) * branchesOf(body, at);
      if (CALLS.includes(opcode)) looks += slots + height;
      height = LEAVES.includes(opcode) ? here.floor : Math.max(here.floor, height + effectOf(body, at, types, functions));
    }
    at = behindInstruction(body, at);
  }
  return { notes, looks };
}

const NONE: Arity = { params: 0, results: 0 };
const ONE: Arity = { params: 0, results: 1 };

/** Nothing, a type of values, or the number of a function's type, of which no first byte looks like the others: numbers with a sign end below 0x40. */
function arityOfBlock(body: Uint8Array, at: number, types: readonly Arity[]): Arity {
  const first = body[at]!;
  if (first === EMPTY_BLOCK) return NONE;
  return first > EMPTY_BLOCK && first < 0x80 ? ONE : types[numberAt(body, at)]!;
}

/** br, br_if, br_on_null and br_on_non_null */
const BRANCHES: readonly number[] = [0x0c, 0x0d, 0xd5, 0xd6];
const BR_TABLE = 0x0e;

/** From how many places at once an instruction comes to the end of a block, or to the beginning of a loop. */
function branchesOf(body: Uint8Array, at: number): number {
  const opcode = body[at]!;
  return opcode === BR_TABLE ? numberAt(body, at + 1) + 1 : BRANCHES.includes(opcode) ? 1 : 0;
}

/** What does not go on to the next instruction: unreachable, br, br_table, return and the three tail calls. */
const LEAVES: readonly number[] = [OP.unreachable, 0x0c, 0x0e, 0x0f, OP.returnCall, 0x13, 0x15];

/** First, last, and how much higher the stack is behind them. The others leave as much as they take, or less. */
const EFFECTS: readonly (readonly [number, number, number])[] = [
  // br_if, drop, select; variables and table.set; stores, memory.size and constants
  [0x0d, 0x0d, -1], [0x1a, 0x1a, -1], [0x1b, 0x1c, -2], [0x20, 0x20, 1], [0x21, 0x21, -1], [0x23, 0x23, 1], [0x24, 0x24, -1], [0x26, 0x26, -2],
  [0x36, 0x3e, -2], [0x3f, 0x3f, 1], [0x41, 0x44, 1],
  // what compares two or computes with two
  [0x46, 0x4f, -1], [0x51, 0x66, -1], [0x6a, 0x78, -1], [0x7c, 0x8a, -1], [0x92, 0x98, -1], [0xa0, 0xa6, -1],
  // ref.null, ref.func, ref.eq, br_on_non_null
  [0xd0, 0xd0, 1], [OP.refFunc, OP.refFunc, 1], [0xd3, 0xd3, -1], [0xd6, 0xd6, -1],
];
const BY_OPCODE = new Int8Array(0x100);
for (const [first, last, effect] of EFFECTS) BY_OPCODE.fill(effect, first, last + 1);

const CALL_INDIRECT = 0x11;
const CALL_REF = 0x14;
const VECTOR = 0xfd;
const MEMORY_GROW = 0x40;
const TABLE_GROW = 15;
const TABLE_SIZE = 16;
const VECTOR_CONST = 12;

function effectOf(body: Uint8Array, at: number, types: readonly Arity[], functions: readonly Arity[]): number {
  const opcode = body[at]!;
  switch (opcode) {
    case OP.call: return effectOfCall(functions[numberAt(body, at + 1)]!);
    case CALL_INDIRECT: case CALL_REF: return effectOfCall(types[numberAt(body, at + 1)]!) - 1;
    case OP.more:
      if (numberAt(body, at + 1) === TABLE_SIZE) return 1;
      return isInBulk(body, at) ? (numberAt(body, at + 1) === TABLE_GROW ? -1 : -3) : 0;
    case VECTOR: return numberAt(body, at + 1) === VECTOR_CONST ? 1 : 0;
    default: return BY_OPCODE[opcode]!;
  }
}

/** Of functions, the module's and V8's own: for what grows memory or a table, or works on whole ranges of them. */
const CALLS: readonly number[] = [OP.call, CALL_INDIRECT, CALL_REF, MEMORY_GROW, OP.more];

const effectOfCall = ({ params, results }: Arity): number => results - params;
