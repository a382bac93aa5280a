// The small grammar of dumps: words and "quoted strings" on a line, `key value` pairs and lone flags.
// SPDX-License-Identifier: Apache-2.0

import { INGRESS, ROOT } from '../tc-handles.ts';

/** Quoted only where a bare word would be ambiguous. */
export const word = (text: string): string => (/^[^\s"\\]+$/.test(text) ? text : JSON.stringify(text));

export function splitWords(line: string): string[] {
  return (line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map((token) => (token.startsWith('"') ? JSON.parse(token) as string : token));
}

/** `key value` for what is there; a flag for true; nothing for undefined and false. */
export function pairs(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  return Object.entries(values).map(([key, value]) => {
    if (value === undefined || value === false) return '';
    return value === true ? ` ${key}` : ` ${key} ${word(String(value))}`;
  }).join('');
}

/** What pairs() wrote. Throws on a key that is neither in `keys` nor in `flags`. */
export class Fields {
  readonly #values = new Map<string, string>();

  constructor(words: readonly string[], keys: readonly string[], flags: readonly string[] = []) {
    for (let at = 0; at < words.length; at += 1) {
      const key = words[at]!;
      if (flags.includes(key)) this.#values.set(key, '');
      else if (keys.includes(key) && at + 1 < words.length) this.#values.set(key, words[at += 1]!);
      else throw new Error(`"${key}" is not expected here; one of ${[...keys, ...flags].join(', ')} is`);
    }
  }

  has = (key: string): boolean => this.#values.has(key);
  text = (key: string): string | undefined => this.#values.get(key);
  number = (key: string): number | undefined => (this.has(key) ? toNumber(this.#values.get(key)!) : undefined);

  need(key: string): string {
    const value = this.#values.get(key);
    if (value === undefined) throw new Error(`"${key}" is missing`);
    return value;
  }
  needNumber = (key: string): number => toNumber(this.need(key));
}

export function toNumber(text: string | undefined): number {
  const number = Number(text);
  if (text === undefined || text === '' || !Number.isSafeInteger(number)) throw new Error(`${JSON.stringify(text ?? '')} is no number`);
  return number;
}

/** A value among names, else the number itself. */
export const named = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(names).find((name) => names[name] === value) ?? String(value);
export const numbered = (names: Readonly<Record<string, number>>, text: string): number => names[text] ?? toNumber(text);

export const TABLES = { main: 254, local: 255, default: 253 };
export const SCOPES = { global: 0, link: 253, host: 254 };
export const PROTOCOLS = { kernel: 2, boot: 3, static: 4 };

/** What handleText() wrote. */
export function readClassId(text: string): number {
  const [, major, minor] = /^([0-9a-f]{1,4}):([0-9a-f]{0,4})$/.exec(text) ?? [];
  if (major === undefined) throw new Error(`"${text}" is no handle such as 1: or 1:30`);
  return parseInt(major, 16) * 0x10000 + parseInt(minor || '0', 16);
}
export const readParent = (text: string): number => (text === 'root' ? ROOT : text === 'ingress' ? INGRESS : readClassId(text));
