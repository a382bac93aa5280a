// Writes abi/gen/types.ts: what the host's operations get and give, as TypeScript.
// SPDX-License-Identifier: Apache-2.0

import type { Op } from '../ops.ts';
import type { Shape } from '../shape.ts';
import { capital, identifier } from './identifier.ts';

export function hostTypes(ops: readonly Op[]): string {
  const named = new Map<Shape, string>();
  const declared = ops.flatMap((op) => [
    declare(op.request, `${capital(identifier(op))}Request`, op.does, '', named),
    declare(op.answer, `${capital(identifier(op))}Answer`, undefined, 'readonly ', named),
  ]);
  return `// Generated from abi/ops.ts by build.mjs: the request and the answer of each operation. Do not edit.
// SPDX-License-Identifier: Apache-2.0

${declared.join('\n')}
export interface Requests {
${ops.map((op) => `  '${op.domain}.${op.name}': ${capital(identifier(op))}Request;\n`).join('')}}

export interface Answers {
${ops.map((op) => `  '${op.domain}.${op.name}': ${capital(identifier(op))}Answer;\n`).join('')}}
`;
}

/** What goes before a list: a request is the operation's own, an answer may be made of what others keep. */
type Lists = '' | 'readonly ';

/** Operations that share a shape share its type: the first one declares it. */
function declare(shape: Shape, name: string, does: string | undefined, lists: Lists, named: Map<Shape, string>): string {
  const comment = does ? `/** ${does} */\n` : '';
  const first = named.get(shape);
  if (first) return `${comment}export type ${name} = ${first};\n`;
  named.set(shape, name);
  if (isEmpty(shape)) return `${comment}export type ${name} = Record<string, never>;\n`;
  return `${comment}export interface ${name} ${typeOf(shape, '', lists)}\n`;
}

function typeOf(shape: Shape, indent: string, lists: Lists): string {
  if ('oneOf' in shape) return shape.oneOf.map((one) => typeOf(one, indent, lists)).join(' | ');
  switch (shape.type) {
    case 'string': return shape.enum ? shape.enum.map((word) => `'${word}'`).join(' | ') : 'string';
    case 'integer': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': return `${lists}${bracketed(shape.items, indent, lists)}[]`;
    case 'object': return isEmpty(shape) ? 'object' : members(shape, indent, lists);
    default: return shape satisfies never;
  }
}

function bracketed(shape: Shape, indent: string, lists: Lists): string {
  const type = typeOf(shape, indent, lists);
  return 'oneOf' in shape || ('enum' in shape && shape.enum) ? `(${type})` : type;
}

function members(shape: Extract<Shape, { type: 'object' }>, indent: string, lists: Lists): string {
  const inner = `${indent}  `;
  const lines = Object.entries(shape.properties).map(([key, value]) => {
    const said = 'description' in value ? value.description : undefined;
    const optional = shape.required.includes(key) ? '' : '?';
    return `${said ? `${inner}/** ${said} */\n` : ''}${inner}${key}${optional}: ${typeOf(value, inner, lists)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

const isEmpty = (shape: Shape): boolean => 'type' in shape && shape.type === 'object' && Object.keys(shape.properties).length === 0;
