// The border to the host: bytes out, bytes in. Nothing else in a plugin touches memory by address.
// SPDX-License-Identifier: Apache-2.0

/** A managed array is passed to an import as the address of its first byte. */
export type Bytes = StaticArray<u8>;

@external('cni:abi/1', 'take') declare function hostTake(into: Bytes, capacity: i32): i32;
@external('cni:abi/1', 'result') declare function hostResult(text: Bytes, length: i32): void;
@external('cni:abi/1', 'fail') declare function hostFail(text: Bytes, length: i32): void;
@external('cni:abi/1', 'log') declare function hostLog(level: i32, text: Bytes, length: i32): void;

/** The `length` bytes that wait: a request, an answer or an error. */
export function take(length: i32): Bytes {
  const bytes = new StaticArray<u8>(length);
  assert(hostTake(bytes, length) == length, 'the host announced another length than it had');
  return bytes;
}

export function setResult(text: Bytes, length: i32): void {
  hostResult(text, length);
}

export function setError(text: Bytes, length: i32): void {
  hostFail(text, length);
}

/** A level of log(). */
export const WARN: i32 = 2;

export function log(level: i32, text: string): void {
  const bytes = bytesOf(text);
  hostLog(level, bytes, bytes.length);
}

export function bytesOf(text: string): Bytes {
  const bytes = new StaticArray<u8>(String.UTF8.byteLength(text));
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, changetype<usize>(bytes), false);
  return bytes;
}

/** Bytes `from` up to `to` as text; they must be well-formed UTF-8. */
export function textOf(bytes: Bytes, from: i32, to: i32): string {
  return String.UTF8.decodeUnsafe(changetype<usize>(bytes) + from, to - from);
}

/** A byte that is known to be there; of a text that was scanned (json-scan.ts) all are that its grammar lets follow. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function byteAt(bytes: Bytes, at: i32): i32 {
  return unchecked(bytes[at]);
}

export function copy(from: Bytes, start: i32, end: i32, into: Bytes, at: i32): void {
  assert(start >= 0 && start <= end && end <= from.length && at >= 0 && at + (end - start) <= into.length);
  memory.copy(changetype<usize>(into) + at, changetype<usize>(from) + start, end - start);
}

/** What `--use abort` names: a bug in the plugin is logged and traps. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? 'abort' : message;
  const where = file === null ? '' : file;
  log(3, what + ' at ' + where + ':' + line.toString() + ':' + column.toString());
  unreachable();
}
