// Which V8 runs here. What one build of it has written down, another must not read: V8 compares its version, which all of Node 20 share, and its flags, and takes
// the rest for granted; where it differs the process ends without a word.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Hexadecimal digits of a build id that tell it from all others. */
const DIGITS = 16;

/** The name of this build of V8. Undefined where there is none: then nothing is written down, and nothing read. */
export function engineHere(): string | undefined {
  const { node_shared: isLibrary } = process.config.variables as { node_shared?: boolean };
  try {
    const file = isLibrary ? libraryHere() : '/proc/self/exe';
    return file === undefined ? undefined : buildIdOf(file)?.slice(0, DIGITS);
  } catch {
    return undefined;
  }
}

/** Node as distributions build it. One that has been replaced since it was loaded is called deleted, and not found. */
const libraryHere = (): string | undefined => /\S*\/libnode\.so\S*$/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0];

/** The file with V8's code of a program, for one build of V8. */
export const codeName = (program: string, engine: string): string => program.replace(/cjs$/, `${engine}.code`);

/** elf(5) */
const ELF64_LITTLE_ENDIAN = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
/** bytes, of each thing that is read: a build id's note has 36 */
const MOST = 4096;

/** What the linker has made of all that is in a program or a library, as hexadecimal digits. Undefined for a file without, or of another kind. Throws what reading does. */
export function buildIdOf(path: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    const read = (at: number, length: number): Buffer => {
      const bytes = Buffer.alloc(Math.min(length, MOST));
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, at));
    };
    const head = read(0, 64);
    if (head.length < 64 || !head.subarray(0, ELF64_LITTLE_ENDIAN.length).equals(ELF64_LITTLE_ENDIAN)) return undefined;
    const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)];
    const headers = read(Number(head.readBigUInt64LE(32)), size * count);
    for (let at = 0; at + 56 <= headers.length && size >= 56; at += size) {
      const [offset, length, align] = [8, 32, 48].map((field) => Number(headers.readBigUInt64LE(at + field))) as [number, number, number];
      const id = headers.readUInt32LE(at) === PT_NOTE ? buildIdIn(read(offset, length), align) : undefined;
      if (id !== undefined) return id;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function buildIdIn(notes: Buffer, align: number): string | undefined {
  const aligned = (length: number): number => Math.ceil(length / align) * align;
  for (let at = 0; at + 12 <= notes.length;) {
    const [nameLength, length, type] = [0, 4, 8].map((field) => notes.readUInt32LE(at + field)) as [number, number, number];
    const from = at + aligned(12 + nameLength);
    if (type === NT_GNU_BUILD_ID && notes.toString('latin1', at + 12, at + 12 + nameLength) === 'GNU\0') return notes.toString('hex', from, from + length);
    at = from + aligned(length);
  }
  return undefined;
}
