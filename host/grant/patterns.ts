// Patterns of grants: runs of `*` within a path's element and of `**` over them, and placeholders the host fills in for each call.
// SPDX-License-Identifier: Apache-2.0

import { once } from '../once.ts';
import { field } from '../protocol/go-json.ts';

export interface PatternFacts {
  /** SHA-512 hex of network + containerID; undefined in GC, where any attachment's is meant */
  attachment: string | undefined;
  /** undefined in GC as well */
  containerId: string | undefined;
  ifname: string | undefined;
  config: Readonly<Record<string, unknown>>;
}

const PLACEHOLDER = /\{attachment:(\d+)\}|\{containerId\}|\{ifname\}|\{config\.([a-zA-Z0-9.]+)(?:\|([^}]*))?\}|\*\*?/g;

/** What stands in braces and is no placeholder: nobody would find out why such a pattern fits nothing. */
export const unknownPlaceholder = (pattern: string): string | undefined => /\{[^}]*\}?|\}/.exec(pattern.replace(PLACEHOLDER, ''))?.[0];

/** What a pattern fits in one call. `{link}` is no placeholder: it stands for itself in sysctl keys. */
export function patternIn(facts: PatternFacts, pattern: string): (text: string) => boolean {
  // Most are a name in full, or a sysctl's key, and each operation asks.
  const start = pattern.search(/\*|\{(?!link\})/);
  if (start < 0) return (text) => text === pattern;
  // Of several most begin otherwise.
  const beginning = pattern.slice(0, start);
  const expression = once(() => expressionOf(pattern, facts));
  return (text) => text.startsWith(beginning) && expression().test(text);
}

function expressionOf(pattern: string, facts: PatternFacts): RegExp {
  let expression = '';
  let from = 0;
  for (const found of pattern.matchAll(PLACEHOLDER)) {
    expression += literal(pattern.slice(from, found.index)) + filled(found, facts);
    from = found.index + found[0].length;
  }
  return new RegExp(`^${expression}${literal(pattern.slice(from))}$`, 's');
}

function filled([whole, digits, key, fallback]: RegExpMatchArray, { attachment, containerId, ifname, config }: PatternFacts): string {
  if (whole === '**') return '.*';
  if (whole === '*') return '[^/]*';
  if (whole === '{ifname}') return anyOr(ifname);
  if (whole === '{containerId}') return anyOr(containerId);
  if (digits !== undefined) return attachment === undefined ? `[0-9a-f]{${digits}}` : attachment.slice(0, Number(digits));
  const value = key!.split('.').reduce<unknown>((at, part) => field(at, part), config);
  const word = typeof value === 'string' && value !== '' ? value : Number.isSafeInteger(value) ? String(value) : fallback;
  // Nothing configured is nothing granted.
  return word === undefined ? '(?!)' : literal(word);
}

const anyOr = (name: string | undefined): string => (name === undefined ? '[^/]*' : literal(name));
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/**
 * Does the operator's pattern cover what a manifest wishes, or the other way round? Equal, or a pattern with `*` that the other one, taken as a word, fits.
 * Not by a regular expression, which many stars keep busy for ever: nobody has given the module a deadline yet.
 */
export function covers(granted: string, wished: string): boolean {
  if (!granted.includes('*')) return granted === wished;
  /** up to which places in `wished` the parts so far can lead */
  let reached = Array.from({ length: wished.length + 1 }, (_, at) => at === 0);
  for (const [part] of granted.matchAll(/\*\*?|[^*]+/g)) {
    const before = reached;
    reached = Array.from(before, () => false);
    for (const at of before.keys()) {
      if (part === '*' || part === '**') reached[at] = before[at]! || (at > 0 && reached[at - 1]! && (part === '**' || wished[at - 1] !== '/'));
      else if (before[at] && wished.startsWith(part, at)) reached[at + part.length] = true;
    }
  }
  return reached[wished.length]!;
}
