// A request against its shape in abi/ops.ts: an unknown field is an error, so that a typo is found on the first run.
// SPDX-License-Identifier: Apache-2.0

import type { Shape } from '../../abi/shape.ts';

/** What is wrong, as a sentence, or undefined. */
export function mismatch(shape: Shape, value: unknown, path = ''): string | undefined {
  const at = path || 'the request';
  if ('oneOf' in shape) return shape.oneOf.some((one) => mismatch(one, value) === undefined) ? undefined : `${at} fits none of its forms`;
  switch (shape.type) {
    case 'null': return value === null ? undefined : `${at} must be null`;
    case 'boolean': return typeof value === 'boolean' ? undefined : `${at} must be true or false`;
    case 'integer': return mismatchedInteger(shape, value, at);
    case 'string': return mismatchedString(shape, value, at);
    case 'array': return mismatchedList(shape, value, path, at);
    case 'object': return mismatchedObject(shape, value, path, at);
    default: return shape satisfies never;
  }
}

type Of<T extends string> = Extract<Shape, { type: T }>;

function mismatchedInteger({ minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: Of<'integer'>, value: unknown, at: string): string | undefined {
  if (!Number.isSafeInteger(value)) return `${at} must be an integer`;
  return (value as number) < minimum || (value as number) > maximum ? `${at} must be ${minimum} to ${maximum}, got ${String(value)}` : undefined;
}

function mismatchedString({ enum: words, pattern, maxLength }: Of<'string'>, value: unknown, at: string): string | undefined {
  if (typeof value !== 'string') return `${at} must be a string`;
  if (words && !words.includes(value)) return `${at} must be one of ${words.join(', ')}, got "${value.slice(0, 64)}"`;
  if (maxLength !== undefined && Buffer.byteLength(value) > maxLength) return `${at} must be at most ${maxLength} bytes, got ${Buffer.byteLength(value)}`;
  if (pattern !== undefined && !new RegExp(pattern).test(value)) return `${at} must match ${pattern}, got "${value.slice(0, 64)}"`;
  // A control character has no place in a name, an address or a comment, and could end a line of somebody else's format.
  return words === undefined && pattern === undefined && /[\0\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(value) ? `${at} must not hold control characters` : undefined;
}

function mismatchedList({ items, maxItems }: Of<'array'>, value: unknown, path: string, at: string): string | undefined {
  if (!Array.isArray(value)) return `${at} must be a list`;
  if (value.length > maxItems) return `${at} must have at most ${maxItems} items`;
  for (const [i, item] of value.entries()) {
    const wrong = mismatch(items, item, `${path}[${i}]`);
    if (wrong) return wrong;
  }
  return undefined;
}

function mismatchedObject({ properties, required }: Of<'object'>, value: unknown, path: string, at: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} must be an object`;
  for (const key of required) if (!Object.hasOwn(value, key)) return `${at} needs "${key}"`;
  for (const [key, item] of Object.entries(value)) {
    const shape = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!shape) return `${at} has the unknown field "${key.slice(0, 64)}"; known are ${Object.keys(properties).join(', ')}`;
    const wrong = mismatch(shape, item, path ? `${path}.${key}` : key);
    if (wrong) return wrong;
  }
  return undefined;
}
