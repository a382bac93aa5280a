// What follows an instruction's opcode, as far as one must know to find the next one.
// https://webassembly.github.io/spec/core/binary/instructions.html, with threads and tail calls, which V8 runs beyond it.
// SPDX-License-Identifier: Apache-2.0

import { behindNumber, isReference, numberAt } from './wasm-bytes.ts';

export class UnknownInstruction extends Error {
  constructor(code: string) {
    super(`it has the instruction ${code}, which this host does not know`);
    this.name = 'UnknownInstruction';
  }
}

export const OP = {
  unreachable: 0x00, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, call: 0x10, returnCall: 0x12,
  globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, i32Eqz: 0x45, i32LtS: 0x48, i32Sub: 0x6b, i32ShrU: 0x76, refFunc: 0xd2, more: 0xfc,
} as const;

/** Of a block without a result. */
export const EMPTY_BLOCK = 0x40;

/** What an opcode can be followed by. */
const NOTHING = 1;
const NUMBER = 2;
const TWO_NUMBERS = 3;
const NUMBERS = 4;
const TYPE = 5;
const TYPES = 6;
const MEMORY = 7;
const FOUR_BYTES = 8;
const EIGHT_BYTES = 9;
const MORE = 10;
const VECTOR = 11;
const ATOMIC = 12;

/** First, last, and what follows those. What is in none of them is unknown: the garbage-collected heap and exceptions above all. */
const FOLLOWED: readonly (readonly [number, number, number])[] = [
  [OP.unreachable, 0x01, NOTHING], [OP.block, OP.if, TYPE], [OP.else, OP.else, NOTHING],
  // br, br_if; br_table; return; call
  [OP.end, OP.end, NOTHING], [0x0c, 0x0d, NUMBER], [0x0e, 0x0e, NUMBERS], [0x0f, 0x0f, NOTHING], [OP.call, OP.call, NUMBER],
  // call_indirect, return_call, return_call_indirect, call_ref and return_call_ref
  [0x11, 0x11, TWO_NUMBERS], [OP.returnCall, OP.returnCall, NUMBER], [0x13, 0x13, TWO_NUMBERS], [0x14, 0x15, NUMBER],
  // drop, select; select with types
  [0x1a, 0x1b, NOTHING], [0x1c, 0x1c, TYPES],
  // variables and tables; loads and stores; memory.size, memory.grow and integers; floats; what computes
  [0x20, 0x26, NUMBER], [0x28, 0x3e, MEMORY], [0x3f, 0x42, NUMBER], [0x43, 0x43, FOUR_BYTES], [0x44, 0x44, EIGHT_BYTES], [0x45, 0xc4, NOTHING],
  // references
  [0xd0, 0xd0, NUMBER], [0xd1, 0xd1, NOTHING], [OP.refFunc, OP.refFunc, NUMBER], [0xd3, 0xd4, NOTHING], [0xd5, 0xd6, NUMBER],
  [OP.more, OP.more, MORE], [0xfd, 0xfd, VECTOR], [0xfe, 0xfe, ATOMIC],
];

const BY_OPCODE = new Uint8Array(0x100);
for (const [first, last, what] of FOLLOWED) BY_OPCODE.fill(what, first, last + 1);

/**
 * The place behind the instruction at `at`. Plain numbers and no reader: of a module's instructions each passes here, before V8 has compiled this.
 * Throws UnknownInstruction.
 */
export function behindInstruction(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at++]!;
  switch (BY_OPCODE[opcode]) {
    case NOTHING: return at;
    case NUMBER: return behindNumber(bytes, at);
    case TWO_NUMBERS: return behindNumber(bytes, behindNumber(bytes, at));
    case NUMBERS: return behindNumber(bytes, behindList(bytes, at, behindNumber));
    case TYPE: return behindType(bytes, at);
    case TYPES: return behindList(bytes, at, behindType);
    case MEMORY: return behindMemory(bytes, at);
    case FOUR_BYTES: return at + 4;
    case EIGHT_BYTES: return at + 8;
    case MORE: return behindMore(bytes, at);
    case VECTOR: return behindVector(bytes, at);
    case ATOMIC: return behindAtomic(bytes, at);
    default: throw new UnknownInstruction(hex(opcode));
  }
}

/** Of a value or a block. */
export const behindType = (bytes: Uint8Array, at: number): number => behindNumber(bytes, isReference(bytes[at]!) ? at + 1 : at);

function behindList(bytes: Uint8Array, at: number, behind: (bytes: Uint8Array, at: number) => number): number {
  let next = behindNumber(bytes, at);
  for (let left = numberAt(bytes, at); left > 0; left--) next = behind(bytes, next);
  return next;
}

/** Alignment, the memory if it says that one follows, and the offset. */
function behindMemory(bytes: Uint8Array, at: number): number {
  const next = behindNumber(bytes, at);
  return behindNumber(bytes, (bytes[at]! & 0x40) !== 0 ? behindNumber(bytes, next) : next);
}

/** memory.init, copy and fill, table.init, copy, grow and fill. */
const IN_BULK: readonly number[] = [8, 10, 11, 12, 14, 15, 17];
/** memory.init, memory.copy, table.init and table.copy */
const OF_TWO: readonly number[] = [8, 10, 12, 14];
const LAST_CONVERSION = 7;
const TABLE_FILL = 17;

/** Is it one that works for as long as the length on the stack says? */
export const isInBulk = (bytes: Uint8Array, at: number): boolean => bytes[at] === OP.more && IN_BULK.includes(numberAt(bytes, at + 1));

/** Conversions that do not trap, and what works on whole ranges of memories and tables. */
function behindMore(bytes: Uint8Array, at: number): number {
  const code = numberAt(bytes, at);
  const next = behindNumber(bytes, at);
  if (code > TABLE_FILL) throw new UnknownInstruction(`0xfc ${code}`);
  if (code <= LAST_CONVERSION) return next;
  return OF_TWO.includes(code) ? behindNumber(bytes, behindNumber(bytes, next)) : behindNumber(bytes, next);
}

/** The last one of the relaxed vectors. */
const LAST_VECTOR = 0x113;

function behindVector(bytes: Uint8Array, at: number): number {
  const code = numberAt(bytes, at);
  if (code > LAST_VECTOR) throw new UnknownInstruction(`0xfd ${code}`);
  let next = behindNumber(bytes, at);
  // Loads and stores; of one lane; constants and i8x16.shuffle; what takes or puts one lane.
  if (code <= 11 || isAmong(code, 84, 93)) next = behindMemory(bytes, next);
  if (isAmong(code, 84, 91) || isAmong(code, 21, 34)) next += 1;
  if (isAmong(code, 12, 13)) next += 16;
  return next;
}

const FENCE = 3;
const LAST_ATOMIC = 0x4e;

function behindAtomic(bytes: Uint8Array, at: number): number {
  const code = numberAt(bytes, at);
  const next = behindNumber(bytes, at);
  if (code > LAST_ATOMIC) throw new UnknownInstruction(`0xfe ${code}`);
  return code === FENCE ? next + 1 : behindMemory(bytes, next);
}

const isAmong = (value: number, from: number, to: number): boolean => value >= from && value <= to;

const hex = (opcode: number): string => `0x${opcode.toString(16).padStart(2, '0')}`;
