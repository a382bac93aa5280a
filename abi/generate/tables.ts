// Writes the tables of abi/README.md: the operations of each domain with their fields. The prose around them is written by hand.
// SPDX-License-Identifier: Apache-2.0

import { ABI, type Op } from '../ops.ts';
import type { Shape } from '../shape.ts';

const BEGIN = '<!-- generated from abi/ops.ts: begin -->';
const END = '<!-- generated from abi/ops.ts: end -->';

export function withTables(readme: string, ops: readonly Op[]): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`abi/README.md lacks the lines "${BEGIN}" and "${END}": put them back around the tables`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${tables(ops)}\n${readme.slice(end)}`;
}

function tables(ops: readonly Op[]): string {
  const domains = new Set(ops.map((op) => op.domain));
  return [...domains].map((domain) => section(domain, ops.filter((op) => op.domain === domain))).join('\n');
}

function section(domain: string, ops: readonly Op[]): string {
  const seen = new Map<Shape, string>();
  return `
### \`cni:${domain}/${ABI}\`

| operation | right | what it does | how the host takes it back |
|---|---|---|---|
${ops.map((op) => `| \`${op.name}\` | ${op.right} | ${cell(op.does)} | ${cell(op.inverse)} |`).join('\n')}

${ops.map((op) => `${fields(op, 'request', op.request, seen)}${fields(op, 'answer', op.answer, seen)}`).join('\n')}`;
}

/** Operations of one domain that share a shape: only the first one lists it. */
function fields(op: Op, part: 'request' | 'answer', shape: Shape, seen: Map<Shape, string>): string {
  const title = `\`${op.name}\` ${part}`;
  const first = seen.get(shape);
  if (first) return `* ${title}: as ${first}\n`;
  const lines = rows(shape, '  ');
  if (lines.length === 0) return `* ${title}: \`{}\`\n`;
  seen.set(shape, title);
  const said = 'description' in shape && shape.description ? ` (${shape.description})` : '';
  return `* ${title}${said}:\n${lines.join('\n')}\n`;
}

function rows(shape: Shape, indent: string): string[] {
  if ('oneOf' in shape) return shape.oneOf.flatMap((one) => rows(one, indent));
  if (shape.type === 'array') return rows(shape.items, indent);
  if (shape.type !== 'object') return [];
  return Object.entries(shape.properties).flatMap(([key, value]) => [
    `${indent}* \`${key}\` ${kind(value)}${shape.required.includes(key) ? '' : ', may be absent'}${described(value)}`,
    ...rows(value, `${indent}  `),
  ]);
}

function described(shape: Shape): string {
  if (!('type' in shape)) return '';
  if (shape.type === 'array') return `: ${shape.description ?? ''}${'description' in shape.items && shape.items.description && shape.items.type !== 'object' ? ` (each: ${shape.items.description})` : ''}`;
  return 'description' in shape && shape.description ? `: ${shape.description}` : '';
}

function kind(shape: Shape): string {
  if ('oneOf' in shape) return shape.oneOf.map(kind).join(' or ');
  switch (shape.type) {
    case 'string': return shape.enum ? shape.enum.map((word) => `"${word}"`).join(' ') : `string${shape.maxLength ? `, at most ${shape.maxLength} characters` : ''}`;
    case 'integer': return `integer${range(shape)}`;
    case 'array': return `list of ${plural(shape.items)}, at most ${shape.maxItems}`;
    default: return shape.type;
  }
}

const plural = (shape: Shape): string => ('type' in shape ? `${shape.type}s` : kind(shape));

function range(shape: Shape & { type: 'integer' }): string {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = shape;
  if (maximum < Number.MAX_SAFE_INTEGER) return ` ${minimum} to ${maximum}`;
  return minimum === Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
