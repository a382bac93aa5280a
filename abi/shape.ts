// The vocabulary in which abi/ops.ts writes requests and answers: a strict subset of JSON Schema, so that a shape is its own schema.
// SPDX-License-Identifier: Apache-2.0

export type Shape =
  | { type: 'string'; description?: string; pattern?: string; maxLength?: number; enum?: readonly string[] }
  | { type: 'integer'; description?: string; minimum?: number; maximum?: number }
  | { type: 'boolean'; description?: string }
  | { type: 'null' }
  | { type: 'array'; items: Shape; maxItems: number; description?: string }
  | { type: 'object'; properties: Record<string, Shape>; required: readonly string[]; additionalProperties: false; description?: string }
  | { oneOf: readonly Shape[]; description?: string };

export const string = (description: string, rest: { pattern?: string; maxLength?: number } = {}): Shape =>
  ({ type: 'string', description, maxLength: 1024, ...rest });
export const oneWord = (description: string, ...words: string[]): Shape => ({ type: 'string', description, enum: words });
export const integer = (description: string, minimum = 0, maximum = Number.MAX_SAFE_INTEGER): Shape =>
  ({ type: 'integer', description, minimum, maximum });
export const boolean = (description: string): Shape => ({ type: 'boolean', description });
export const nothing: Shape = { type: 'null' };
export const list = (items: Shape, description: string, maxItems = 4096): Shape => ({ type: 'array', items, maxItems, description });
export const either = (description: string, ...oneOf: Shape[]): Shape => ({ oneOf, description });

/** An object of exactly these keys. A key that ends in `?` may be absent. */
export function object(keys: Record<string, Shape>, description?: string): Shape {
  const names = Object.keys(keys);
  return {
    type: 'object',
    ...(description ? { description } : {}),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), keys[name]!])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  };
}
