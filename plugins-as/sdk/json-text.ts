// How the cursor moves over text that has been scanned: past blanks, past values, through strings with their escapes.
// SPDX-License-Identifier: Apache-2.0

import { byteAt, Bytes, textOf } from './abi';
import { hexDigit, Text } from './json-scan';

export function skipBlank(source: Bytes, at: i32): i32 {
  while (at < source.length && byteAt(source, at) <= 0x20) at++;
  return at;
}

/** The byte after the value that starts here. */
export function skip(text: Text, at: i32): i32 {
  const end = at < text.ends.length ? <i32>unchecked(text.ends[at]) : 0;
  return end > 0 ? end : skipFromHere(text.bytes, at);
}

/** Where the value of the member is whose key begins here. */
export function valueOf(text: Text, at: i32): i32 {
  const colon = skipBlank(text.bytes, skip(text, at));
  return skipBlank(text.bytes, colon + 1);
}

/** The text of the string whose opening quote is here. */
export function decode(from: Text, at: i32): string {
  const source = from.bytes;
  const end = skip(from, at) - 1;
  let text = '';
  let start = at + 1;
  for (let i = start; i < end; i++) {
    if (byteAt(source, i) != 0x5c) continue;
    text += textOf(source, start, i) + String.fromCharCode(escaped(source, i + 1));
    i += byteAt(source, i + 1) == 0x75 ? 5 : 1;
    start = i + 1;
  }
  const rest = textOf(source, start, end);
  return text.length == 0 ? rest : text + rest;
}

/** Whether the string whose opening quote is here says `word`; `fold` takes ASCII letters of either case as equal. */
export function keyIs(text: Text, at: i32, word: string, fold: bool): bool {
  const end = skip(text, at) - 1;
  const length = end - at - 1;
  // What is escaped, or not of ASCII, is written in more bytes than it says.
  if (length != word.length) return length > word.length && isCoded(text.bytes, at + 1, end) && same(decode(text, at), word, fold);
  for (let i = 0; i < length; i++) {
    if (!sameUnit(byteAt(text.bytes, at + 1 + i), word.charCodeAt(i), fold)) return false;
  }
  return true;
}

function isCoded(source: Bytes, from: i32, to: i32): bool {
  for (let i = from; i < to; i++) {
    if (byteAt(source, i) == 0x5c || byteAt(source, i) >= 0x80) return true;
  }
  return false;
}

function skipFromHere(source: Bytes, at: i32): i32 {
  const byte = byteAt(source, at);
  if (byte == 0x22) return skipString(source, at);
  if (byte == 0x7b || byte == 0x5b) return skipNested(source, at);
  while (at < source.length && !endsWord(byteAt(source, at))) at++;
  return at;
}

function skipString(source: Bytes, at: i32): i32 {
  at++;
  while (byteAt(source, at) != 0x22) at += byteAt(source, at) == 0x5c ? 2 : 1;
  return at + 1;
}

function skipNested(source: Bytes, at: i32): i32 {
  let depth = 0;
  do {
    const byte = byteAt(source, at);
    if (byte == 0x22) {
      at = skipString(source, at);
      continue;
    }
    if (byte == 0x7b || byte == 0x5b) depth++;
    else if (byte == 0x7d || byte == 0x5d) depth--;
    at++;
  } while (depth > 0);
  return at;
}

const endsWord = (byte: i32): bool => byte <= 0x20 || byte == 0x2c || byte == 0x5d || byte == 0x7d;

function escaped(source: Bytes, at: i32): i32 {
  switch (byteAt(source, at)) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    case 0x75: {
      let unit = 0;
      for (let i = at + 1; i < at + 5; i++) unit = (unit << 4) | hexDigit(byteAt(source, i));
      return unit;
    }
    default: return byteAt(source, at);
  }
}

function same(text: string, word: string, fold: bool): bool {
  if (text.length != word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if (!sameUnit(text.charCodeAt(i), word.charCodeAt(i), fold)) return false;
  }
  return true;
}

function sameUnit(a: i32, b: i32, fold: bool): bool {
  return a == b || (fold && lower(a) == lower(b));
}

const lower = (unit: i32): i32 => (unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit);
