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

/** What a pattern is made of, once it is filled in: words, runs of any signs (within an element, or over them), and hex digits of a hash. */
type Part = string | { any: 'element' | 'path' } | { hex: number };

const PLACEHOLDER = /\{attachment:(\d+)\}|\{containerId\}|\{ifname\}|\{config\.([a-zA-Z0-9.]+)(?:\|([^}]*))?\}|\*\*?/g;
/** signs of a pattern, and of a text that fits one: with more than any name or key has, to look may take for ever */
export const LONGEST = 512;

/** What stands in braces and is no placeholder: nobody would find out why such a pattern fits nothing. */
export const unknownPlaceholder = (pattern: string): string | undefined => /\{[^}]*\}?|\}/.exec(pattern.replace(PLACEHOLDER, ''))?.[0];

/** Does it name its object by the attachment, so that in GC it would be anybody's? */
export const isOfAttachment = (pattern: string): boolean => /\{(attachment:|containerId\}|ifname\})/.test(pattern);

/** What a pattern fits in one call. `{link}` is no placeholder: it stands for itself in sysctl keys. */
export function patternIn(facts: PatternFacts, pattern: string): (text: string) => boolean {
  // Most are a name in full, or a sysctl's key, and each operation asks.
  const start = pattern.search(/\*|\{(?!link\})/);
  if (start < 0) return (text) => text === pattern;
  // Of several most begin otherwise.
  const beginning = pattern.slice(0, start);
  const parts = once(() => partsOf(pattern, facts));
  return (text) => text.startsWith(beginning) && text.length <= LONGEST && fits(parts(), text);
}

/** Undefined for a pattern that fits nothing: nothing configured is nothing granted. */
function partsOf(pattern: string, facts: PatternFacts): Part[] | undefined {
  const parts: (Part | undefined)[] = [];
  let from = 0;
  for (const found of pattern.matchAll(PLACEHOLDER)) {
    parts.push(pattern.slice(from, found.index), filled(found, facts));
    from = found.index + found[0].length;
  }
  parts.push(pattern.slice(from));
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function filled([whole, digits, key, fallback]: RegExpMatchArray, { attachment, containerId, ifname, config }: PatternFacts): Part | undefined {
  if (whole === '**') return { any: 'path' };
  if (whole === '*') return { any: 'element' };
  if (whole === '{ifname}') return ifname ?? { any: 'element' };
  if (whole === '{containerId}') return containerId ?? { any: 'element' };
  if (digits !== undefined) return attachment?.slice(0, Number(digits)) ?? { hex: Number(digits) };
  const value = key!.split('.').reduce<unknown>((at, part) => field(at, part), config);
  return typeof value === 'string' && value !== '' ? value : Number.isSafeInteger(value) ? String(value) : fallback;
}

/** Not by a regular expression: many stars would keep it busy for ever, and a module writes patterns, too. */
function fits(parts: readonly Part[] | undefined, text: string): boolean {
  if (!parts) return false;
  /** up to which places in `text` the parts so far can lead */
  let reached = Array.from({ length: text.length + 1 }, (_, at) => at === 0);
  for (const part of parts) {
    const before = reached;
    reached = before.map(() => false);
    for (const at of before.keys()) {
      if (typeof part === 'object' && 'any' in part) reached[at] = before[at]! || (at > 0 && reached[at - 1]! && (part.any === 'path' || !['/', ANY_PATH].includes(text[at - 1]!)));
      else if (before[at]) {
        const end = at + lengthOf(part, text, at);
        if (end >= at) reached[end] = true;
      }
    }
  }
  return reached[text.length]!;
}

/** Of the word, or the digits, that stand at this place; below zero when they do not. */
function lengthOf(part: string | { hex: number }, text: string, at: number): number {
  if (typeof part === 'string') return text.startsWith(part, at) ? part.length : -1;
  const digits = text.slice(at, at + part.hex);
  return digits.length === part.hex && /^[0-9a-f]*$/.test(digits) ? part.hex : -1;
}

/** Stands for `**` in a wish that is looked at as a word: `*` is not so wide. In no text that is asked about. */
const ANY_PATH = '\0';

/**
 * Does the operator's pattern cover what a manifest wishes, or the other way round? Equal, or a pattern with `*` that the other one, taken as a word, fits.
 */
export function covers(granted: string, wished: string): boolean {
  if (!granted.includes('*')) return granted === wished;
  const parts = (granted.match(/\*\*?|[^*]+/g) ?? []).map((part): Part => (part === '*' ? { any: 'element' } : part === '**' ? { any: 'path' } : part));
  return fits(parts, wished.replaceAll('**', ANY_PATH));
}
