// Is a message of the shape abi/ops.ts gives it? Strict both ways: what is unknown is refused, so that a misspelt field is not a silent default.
// SPDX-License-Identifier: Apache-2.0

import type { Shape } from '../../abi/shape.ts';
import { isObject } from '../protocol/go-json.ts';

/** The first thing that is wrong, in words; undefined when nothing is. */
export function problemWith(value: unknown, shape: Shape, at = 'the request'): string | undefined {
  if ('oneOf' in shape) {
    const problems = shape.oneOf.map((one) => problemWith(value, one, at));
    return problems.includes(undefined) ? undefined : problems.join(', or ');
  }
  switch (shape.type) {
    case 'string': return problemWithText(value, shape, at);
    case 'integer': return problemWithNumber(value, shape, at);
    case 'boolean': return typeof value === 'boolean' ? undefined : `${at} must be true or false, got ${shown(value)}`;
    case 'null': return value === null ? undefined : `${at} must be null, got ${shown(value)}`;
    case 'array': return problemWithList(value, shape, at);
    case 'object': return problemWithObject(value, shape, at);
    default: return shape satisfies never;
  }
}

type Of<Type> = Extract<Shape, { type: Type }>;

function problemWithText(value: unknown, shape: Of<'string'>, at: string): string | undefined {
  if (typeof value !== 'string') return `${at} must be a text, got ${shown(value)}`;
  if (shape.enum && !shape.enum.includes(value)) return `${at} must be one of ${shape.enum.join(', ')}, got ${shown(value)}`;
  if (shape.maxLength !== undefined && Buffer.byteLength(value) > shape.maxLength) return `${at} must be at most ${shape.maxLength} bytes, got ${Buffer.byteLength(value)}`;
  if (shape.pattern !== undefined && !new RegExp(shape.pattern, 'u').test(value)) return `${at} must match ${shape.pattern}, got ${shown(value)}`;
  return undefined;
}

function problemWithNumber(value: unknown, { minimum = -Infinity, maximum = Infinity }: Of<'integer'>, at: string): string | undefined {
  if (!Number.isSafeInteger(value)) return `${at} must be an integer, got ${shown(value)}`;
  return (value as number) >= minimum && (value as number) <= maximum ? undefined : `${at} must be ${minimum} to ${maximum}, got ${shown(value)}`;
}

function problemWithList(value: unknown, { items, maxItems }: Of<'array'>, at: string): string | undefined {
  if (!Array.isArray(value)) return `${at} must be a list, got ${shown(value)}`;
  if (value.length > maxItems) return `${at} must have at most ${maxItems} items, got ${value.length}`;
  return firstOf(value, (item, i) => problemWith(item, items, `${at}[${i}]`));
}

function problemWithObject(value: unknown, { properties, required }: Of<'object'>, at: string): string | undefined {
  if (!isObject(value)) return `${at} must be an object, got ${shown(value)}`;
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `${at} lacks "${missing}"`;
  const inner = at === 'the request' ? '' : `${at}.`;
  return firstOf(Object.entries(value), ([key, item]) => {
    if (!Object.hasOwn(properties, key)) return `${at} has an unknown field ${shown(key)}; known are ${Object.keys(properties).join(', ') || 'none'}`;
    return problemWith(item, properties[key]!, `${inner}${key}`);
  });
}

function firstOf<T>(items: readonly T[], problem: (item: T, i: number) => string | undefined): string | undefined {
  for (const [i, item] of items.entries()) {
    const found = problem(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
