// JSON as Go's encoding/json reads it, which is what runtimes write for: keys match without regard to case, the last duplicate wins.
// SPDX-License-Identifier: Apache-2.0

import { messageOf } from '../message-of.ts';

/**
 * The value of a key in any case (containerd sends `HostPort` for `hostPort`), of several the last that is not null. Undefined
 * when absent, null, or when `value` is no object.
 */
export function field(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined;
  const folded = key.toLowerCase();
  // Asked hundreds of times in a call. What differs from an ASCII key in case alone is as long.
  const name = Object.keys(value).findLast((one) => one.length === key.length && one.toLowerCase() === folded && value[one] !== null);
  return name === undefined ? undefined : value[name];
}

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper than any configuration, and far from the end of the stack of whoever walks it. */
const MAX_DEPTH = 64;

/** Throws SyntaxError for text that is no JSON object, no valid UTF-8, or nested deeper than 64 levels. */
export function parseObject(bytes: Uint8Array): { text: string; value: Record<string, unknown> } {
  const text = decode(bytes);
  if (depthOf(text) > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
  const value = parse(text);
  if (!isObject(value)) throw new SyntaxError(`expected an object, got ${Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value}`);
  return { text, value };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError('invalid UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(inGosWords(messageOf(error), text), { cause: error });
  }
}

/** V8 quotes the text, which may be long and may be what the operator would rather not see in a log. */
function inGosWords(message: string, text: string): string {
  const [, token] = /token '(.)'/su.exec(message) ?? [];
  if (text.trim() === '' || /end of JSON|Unterminated/.test(message)) return 'unexpected end of JSON input';
  return token === undefined ? message.charAt(0).toLowerCase() + message.slice(1) : `invalid character '${token}' looking for beginning of value`;
}

/** Counted before parsing: JSON.parse itself recurses. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i++;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 123 || c === 91) deepest = Math.max(deepest, ++depth);
    else if (c === 125 || c === 93) depth--;
  }
  return deepest;
}

/** Short and on one line: a parser's message may quote the whole input. */
export const reason = (error: unknown): string => messageOf(error).replace(/\s+/g, ' ').slice(0, 200);
