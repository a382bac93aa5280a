// Patterns of grants: a run of `*`, and placeholders the host fills in for each call.
// SPDX-License-Identifier: Apache-2.0

import { field } from '../protocol/go-json.ts';

export interface PatternFacts {
  /** SHA-512 hex of network + containerID; undefined in GC, where any attachment's is meant */
  attachment: string | undefined;
  ifname: string;
  config: Readonly<Record<string, unknown>>;
}

const PLACEHOLDER = /\{attachment:(\d+)\}|\{ifname\}|\{config\.([a-zA-Z0-9.]+)(?:\|([^}]*))?\}|\*/g;

/** `{link}` is no placeholder: it stands for itself in sysctl keys. */
export function matches(pattern: string, text: string, facts: PatternFacts): boolean {
  let expression = '';
  let from = 0;
  for (const found of pattern.matchAll(PLACEHOLDER)) {
    expression += literal(pattern.slice(from, found.index)) + filled(found, facts);
    from = found.index + found[0].length;
  }
  return new RegExp(`^${expression}${literal(pattern.slice(from))}$`, 's').test(text);
}

function filled([whole, digits, key, fallback]: RegExpMatchArray, { attachment, ifname, config }: PatternFacts): string {
  if (whole === '*') return '[^/]*';
  if (whole === '{ifname}') return literal(ifname);
  if (digits !== undefined) return attachment === undefined ? `[0-9a-f]{${digits}}` : attachment.slice(0, Number(digits));
  const value = key!.split('.').reduce<unknown>((at, part) => field(at, part), config);
  const word = typeof value === 'string' && value !== '' ? value : fallback;
  // Nothing configured is nothing granted.
  return word === undefined ? '(?!)' : literal(word);
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** Does the operator's pattern cover what a manifest wishes? Equal, or a `*` pattern that the wish, taken as a word, fits. */
export const covers = (granted: string, wished: string): boolean =>
  granted === wished || new RegExp(`^${granted.split('*').map(literal).join('[^/]*')}$`, 's').test(wished);
