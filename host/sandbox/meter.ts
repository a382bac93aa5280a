// Puts a count into a module's code, so that a guest that spins comes by and asks whether its time is over: V8 has neither fuel nor epochs.
//
// Where a function or a round of a loop begins, the number of bytes up to its end is taken from a global, more than can run before the next such place.
// When nothing is left, `tick` of cni:abi/1 is asked for more, and when that has none the guest traps.
// The import is the last one, the global too, so that only functions get other numbers: one more than before.
// SPDX-License-Identifier: Apache-2.0

import { ABI_MODULE } from '../../abi/ops.ts';
import { behindInstruction, behindType, EMPTY_BLOCK, isInBulk, OP } from './instructions.ts';
import { readDeclared, type Declared } from './sections.ts';
import { behindNumber, FUNCTION_TYPE, leb128, numberAt, SECTION, sectionsOf, writerOf, type Writer } from './wasm-bytes.ts';

/** As they must follow each other. */
const ORDER: readonly number[] = [
  SECTION.types, SECTION.imports, SECTION.functions, SECTION.tables, SECTION.memories, SECTION.tags, SECTION.globals, SECTION.exports, SECTION.start, SECTION.elements,
  SECTION.dataCount, SECTION.code, SECTION.data,
];

const I32 = 0x7f;
/** Of an import or an export. */
const FUNCTION = 0;
const VARIABLE = 1;

/** Bytes of memory that are written in the time of about one byte of code. */
const BULK_SHIFT = 3;

interface Numbers {
  /** of the first function that is not imported; from there on each is one more than before */
  tick: number;
  renew: number;
  tickType: number;
  renewType: number;
  /** a global: bytes of code that may run until the next tick */
  left: number;
  /** the code around the number of bytes that is taken from it */
  charge: { before: number[]; after: number[] };
  /** the code before an instruction whose length is on the stack */
  chargeLength: number[];
}

/** The same module with the count. V8 has found it valid. Throws UnknownInstruction. */
export function meter(bytes: Uint8Array): Uint8Array {
  // Custom sections are for those who read the module as it came.
  const sections = new Map([...sectionsOf(bytes)].filter(({ id }) => ORDER.includes(id)).map(({ id, content }) => [id, content]));
  const numbers = numbersFor(readDeclared(bytes), numberAt(sections.get(SECTION.functions) ?? NOTHING, 0));
  const out = writerOf(bytes.length + (bytes.length >> 1));
  out.bytes(bytes.subarray(0, 8));
  for (const id of ORDER) {
    const content = sections.get(id) ?? (ADDED_TO.includes(id) ? NOTHING : undefined);
    if (!content) continue;
    out.bytes([id]);
    const size = out.place();
    const from = out.at();
    const copy = copyOf(content, out);
    edits[id]?.(copy, numbers);
    copy.takeUpTo(copy.bytes.length);
    size(out.at() - from);
  }
  return out.whole();
}

/** An empty list. */
const NOTHING = Uint8Array.of(0);
const ADDED_TO: readonly number[] = [SECTION.types, SECTION.imports, SECTION.functions, SECTION.globals, SECTION.code];

function numbersFor({ imports, types, globals }: Pick<Declared, 'imports' | 'types' | 'globals'>, defined: number): Numbers {
  const tick = imports.length;
  const renew = tick + 1 + defined;
  const [left, length] = [leb128(globals), leb128(globals + 1)];
  const before = [OP.globalGet, ...left];
  const after = [
    OP.i32Sub, OP.globalSet, ...left,
    OP.globalGet, ...left, OP.i32Const, 0, OP.i32LtS, OP.if, EMPTY_BLOCK, OP.call, ...leb128(renew), OP.end,
  ];
  return {
    tick, renew, tickType: types, renewType: types + 1, left: globals,
    charge: { before: [...before, OP.i32Const], after },
    chargeLength: [OP.globalSet, ...length, ...before, OP.globalGet, ...length, OP.i32Const, BULK_SHIFT, OP.i32ShrU, ...after, OP.globalGet, ...length],
  };
}

const edits: Readonly<Record<number, (copy: Copy, numbers: Numbers) => void>> = {
  [SECTION.types]: (copy) => editList(copy, undefined, [[FUNCTION_TYPE, 0, 1, I32], [FUNCTION_TYPE, 0, 0]]),
  [SECTION.imports]: (copy, { tickType }) => editList(copy, undefined, [[...text(ABI_MODULE), ...text('tick'), FUNCTION, ...leb128(tickType)]]),
  [SECTION.functions]: (copy, { renewType }) => editList(copy, undefined, [leb128(renewType)]),
  [SECTION.tables]: (copy, numbers) => editList(copy, (at) => editTable(copy, at, numbers)),
  [SECTION.globals]: (copy, numbers) => editList(copy, (at) => editCode(copy, behindType(copy.bytes, at) + 1, numbers), [ZERO, ZERO]),
  [SECTION.exports]: (copy, numbers) => editList(copy, (at) => editExport(copy, at, numbers)),
  [SECTION.start]: (copy, numbers) => void editFunctionNumber(copy, 0, numbers),
  [SECTION.elements]: (copy, numbers) => editList(copy, (at) => editElements(copy, at, numbers)),
  [SECTION.code]: (copy, numbers) => editList(copy, (at) => editBody(copy, at, numbers), [renewal(numbers)]),
};

/** The edits below take the place where something begins, and return the one behind it. */
type Edit = (at: number) => number;

const ZERO = [I32, VARIABLE, OP.i32Const, 0, OP.end];

/** What `renew` does, behind its length. */
function renewal({ tick, left }: Numbers): number[] {
  const body = [
    0, OP.call, ...leb128(tick), OP.globalSet, ...leb128(left),
    OP.globalGet, ...leb128(left), OP.i32Eqz, OP.if, EMPTY_BLOCK, OP.unreachable, OP.end, OP.end,
  ];
  return [...leb128(body.length), ...body];
}

/** Each is edited, and some are added. */
function editList(copy: Copy, edit: Edit | undefined, more: readonly (readonly number[])[] = []): void {
  const { bytes, out } = copy;
  const count = numberAt(bytes, 0);
  out.number(count + more.length);
  let at = behindNumber(bytes, 0);
  copy.leaveUpTo(at);
  if (edit) for (let left = count; left > 0; left--) at = edit(at);
  copy.takeUpTo(edit ? at : bytes.length);
  for (const one of more) out.bytes(one);
}

/** 0x40 0x00 opens a table with an initial value. */
function editTable(copy: Copy, at: number, numbers: Numbers): number {
  const { bytes } = copy;
  const hasInitial = bytes[at] === 0x40;
  const limits = behindType(bytes, hasInitial ? at + 2 : at);
  const minimum = behindNumber(bytes, limits + 1);
  const end = (bytes[limits]! & 1) === 1 ? behindNumber(bytes, minimum) : minimum;
  return hasInitial ? editCode(copy, end, numbers) : end;
}

function editExport(copy: Copy, at: number, numbers: Numbers): number {
  const { bytes } = copy;
  const kind = behindNumber(bytes, at) + numberAt(bytes, at);
  return bytes[kind] === FUNCTION ? editFunctionNumber(copy, kind + 1, numbers) : behindNumber(bytes, kind + 1);
}

const PASSIVE = 1;
const WITH_TABLE = 2;
const EXPRESSIONS = 4;

function editElements(copy: Copy, at: number, numbers: Numbers): number {
  const { bytes } = copy;
  const flags = numberAt(bytes, at);
  at = behindNumber(bytes, at);
  if ((flags & PASSIVE) === 0) at = editCode(copy, (flags & WITH_TABLE) === 0 ? at : behindNumber(bytes, at), numbers);
  if ((flags & (PASSIVE | WITH_TABLE)) !== 0) at = behindType(bytes, at);
  const count = numberAt(bytes, at);
  at = behindNumber(bytes, at);
  for (let left = count; left > 0; left--) at = (flags & EXPRESSIONS) === 0 ? editFunctionNumber(copy, at, numbers) : editCode(copy, at, numbers);
  return at;
}

function editBody(copy: Copy, at: number, numbers: Numbers): number {
  const { bytes, out } = copy;
  copy.takeUpTo(at);
  at = behindNumber(bytes, at);
  copy.leaveUpTo(at);
  const size = out.place();
  const from = out.at();
  const locals = numberAt(bytes, at);
  at = behindNumber(bytes, at);
  for (let left = locals; left > 0; left--) at = behindType(bytes, behindNumber(bytes, at));
  const charge = charged(copy, at, numbers);
  const end = editCode(copy, at, numbers);
  charge(end);
  copy.takeUpTo(end);
  size(out.at() - from);
  return end;
}

/** What is to be done about an opcode: most are taken over. */
const [OPENS, LOOPS, CLOSES, CALLS, MAY_TAKE_LONG] = [1, 2, 3, 4, 5];
const BY_OPCODE = new Uint8Array(0x100);
for (const opcode of [OP.block, OP.if]) BY_OPCODE[opcode] = OPENS;
for (const opcode of [OP.call, OP.returnCall, OP.refFunc]) BY_OPCODE[opcode] = CALLS;
BY_OPCODE[OP.end] = CLOSES;
BY_OPCODE[OP.loop] = LOOPS;
BY_OPCODE[OP.more] = MAY_TAKE_LONG;

/** An expression, up to its `end`. */
function editCode(copy: Copy, at: number, numbers: Numbers): number {
  const { bytes } = copy;
  /** what is open: a loop has something to be told at its end */
  const open: (((end: number) => void) | undefined)[] = [undefined];
  while (open.length > 0) {
    if (at >= bytes.length) throw new Error('code without an end');
    const next = behindInstruction(bytes, at);
    const what = BY_OPCODE[bytes[at]!];
    if (what === OPENS) open.push(undefined);
    else if (what === LOOPS) open.push(charged(copy, next, numbers));
    else if (what === CLOSES) open.pop()?.(next);
    else if (what === CALLS) editFunctionNumber(copy, at + 1, numbers);
    else if (what === MAY_TAKE_LONG && isInBulk(bytes, at)) {
      copy.takeUpTo(at);
      copy.out.bytes(numbers.chargeLength);
    }
    at = next;
  }
  return at;
}

/** What runs from here on, up to the end that is told later, is paid for here. */
function charged(copy: Copy, at: number, { charge }: Numbers): (end: number) => void {
  copy.takeUpTo(at);
  copy.out.bytes(charge.before);
  const amount = copy.out.place();
  copy.out.bytes(charge.after);
  return (end) => amount(end - at);
}

function editFunctionNumber(copy: Copy, at: number, { tick }: Numbers): number {
  const { bytes, out } = copy;
  const number = numberAt(bytes, at);
  const end = behindNumber(bytes, at);
  if (number < tick || isRaised(bytes, at, end)) return end;
  copy.takeUpTo(at);
  out.number(number + 1);
  copy.leaveUpTo(end);
  return end;
}

/** By one, where it stands. False when that needs one byte more: then it is 0 here. */
function isRaised(bytes: Uint8Array, at: number, end: number): boolean {
  for (; at < end; at++) {
    if ((bytes[at]! & 0x7f) !== 0x7f) {
      bytes[at]!++;
      return true;
    }
    bytes[at]! &= 0x80;
  }
  return false;
}

type Copy = ReturnType<typeof copyOf>;

/** Takes a section over, but for what comes in the place of what is left. */
function copyOf(section: Uint8Array, out: Writer) {
  // A Buffer's own `slice` is no copy.
  const bytes = new Uint8Array(section);
  let done = 0;
  return {
    bytes,
    out,
    takeUpTo(at: number): void {
      out.bytes(bytes.subarray(done, at));
      done = at;
    },
    leaveUpTo(at: number): void { done = at; },
  };
}

const text = (ascii: string): number[] => [...leb128(ascii.length), ...Buffer.from(ascii, 'latin1')];
