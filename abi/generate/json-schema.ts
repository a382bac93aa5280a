// Writes abi/schema/*.json: the request and the answer of each operation for any language's JSON Schema tools.
// SPDX-License-Identifier: Apache-2.0

import { ABI, type Op } from '../ops.ts';
import type { Shape } from '../shape.ts';

/** File name → text. */
export function jsonSchemas(ops: readonly Op[]): Map<string, string> {
  return new Map(ops.flatMap((op) => [schema(op, 'request', op.request), schema(op, 'answer', open(op.answer))]));
}

function schema(op: Op, part: 'request' | 'answer', shape: object): [string, string] {
  const name = `${op.domain}.${op.name}.${part}`;
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:cni-wasm:abi:${ABI}:${name}`,
    title: `${part} of cni:${op.domain}/${ABI} ${op.name}`,
    ...(part === 'request' ? { description: op.does } : {}),
    ...shape,
  };
  return [`${name}.json`, `${JSON.stringify(document, null, 2)}\n`];
}

/** A later host may put more into an answer, which a guest has to ignore; only requests are closed. */
function open(shape: Shape): object {
  if ('oneOf' in shape) return { ...shape, oneOf: shape.oneOf.map(open) };
  if (shape.type === 'array') return { ...shape, items: open(shape.items) };
  if (shape.type !== 'object') return shape;
  const { additionalProperties: _closed, properties, ...rest } = shape;
  return { ...rest, properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, open(value)])) };
}
