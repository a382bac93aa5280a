// Writes the tables of abi/README.md: the operations of each domain with their fields. The prose around them is written by hand.
// SPDX-License-Identifier: Apache-2.0

import { ABI, type Op, type Verb } from '../ops.ts';
import type { Shape } from '../shape.ts';

const BEGIN = '<!-- generated from abi/ops.ts: begin -->';
const END = '<!-- generated from abi/ops.ts: end -->';
/** The README says them once for all. */
const USUAL = { maxLength: 1024, maxItems: 4096 };

/** Where a shape was listed first; the next one that has it says only that. */
type Listed = Map<Shape, string>;

export function withTables(readme: string, ops: readonly Op[]): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`abi/README.md lacks the lines "${BEGIN}" and "${END}": put them back around the tables`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${tables(ops)}\n${readme.slice(end)}`;
}

function tables(ops: readonly Op[]): string {
  const listed: Listed = new Map();
  const domains = new Set(ops.map((op) => op.domain));
  return [...domains].map((domain) => section(domain, ops.filter((op) => op.domain === domain), listed)).join('');
}

const section = (domain: string, ops: readonly Op[], listed: Listed): string => `
### \`cni:${domain}/${ABI}\`

| operation | right | verbs | what it does | how the host takes it back |
|---|---|---|---|---|
${ops.map((op) => `| \`${op.name}\` | ${op.right} | ${verbs(op.verbs)} | ${cell(op.does)} | ${cell(op.inverse)} |`).join('\n')}

${ops.map((op) => message(op, 'request', op.request, listed) + message(op, 'answer', op.answer, listed)).join('')}`;

const verbs = (some: readonly Verb[]): string => (some.length === 5 ? 'all' : some.join(', '));

function message(op: Op, part: 'request' | 'answer', shape: Shape, listed: Listed): string {
  const before = listed.get(shape);
  if (before) return `* \`${op.name}\` ${part}: as ${before}\n`;
  if (isEmpty(shape)) return `* \`${op.name}\` ${part}: \`{}\`\n`;
  listed.set(shape, `the ${part} of \`${op.domain}.${op.name}\``);
  const said = 'description' in shape && shape.description ? ` (${shape.description})` : '';
  return `* \`${op.name}\` ${part}${said}:\n${rows(shape, '  ', listed).map((row) => `${row}\n`).join('')}`;
}

function rows(shape: Shape, indent: string, listed: Listed): string[] {
  if (!('type' in shape) || shape.type !== 'object') return [];
  return Object.entries(shape.properties).flatMap(([key, value]) => {
    const inner = 'type' in value && value.type === 'array' ? value.items : value;
    const before = listed.get(inner);
    const nested = before ? [] : rows(inner, `${indent}  `, listed);
    if (nested.length > 0) listed.set(inner, `\`${key}\` above`);
    const optional = shape.required.includes(key) ? '' : '?';
    return [`${indent}* \`${key}${optional}\` ${kind(value)}${meaning(value)}${before ? `, as ${before}` : ''}`, ...nested];
  });
}

function meaning(shape: Shape): string {
  if ('type' in shape && shape.type === 'array') {
    const each = 'description' in shape.items ? ` (each: ${shape.items.description})` : '';
    return `: ${shape.description ?? ''}${each}`;
  }
  return 'description' in shape && shape.description ? `: ${shape.description}` : '';
}

function kind(shape: Shape): string {
  if ('oneOf' in shape) return shape.oneOf.map(kind).join(' or ');
  switch (shape.type) {
    case 'string': return shape.enum ? shape.enum.map((word) => `"${word}"`).join(' or ') : `string${limit(shape.maxLength, USUAL.maxLength)}`;
    case 'integer': return `integer${range(shape)}`;
    case 'array': return `list of ${plural(shape.items)}${limit(shape.maxItems, USUAL.maxItems)}`;
    default: return shape.type;
  }
}

const plural = (shape: Shape): string => ('type' in shape && !('enum' in shape) ? `${shape.type}s` : kind(shape));

const limit = (most: number | undefined, usual: number): string => (most === undefined || most === usual ? '' : ` (at most ${most})`);

function range(shape: Extract<Shape, { type: 'integer' }>): string {
  const { minimum, maximum } = shape;
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) return ` ${minimum ?? 0} to ${maximum}`;
  return minimum === undefined || minimum === 0 ? '' : ` from ${minimum}`;
}

const isEmpty = (shape: Shape): boolean => 'type' in shape && shape.type === 'object' && Object.keys(shape.properties).length === 0;

const cell = (text: string): string => text.replaceAll('|', '\\|');
