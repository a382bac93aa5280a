// The manifest's `config`: what the keys of a plugin's configuration must be, in a small part of JSON Schema, so that a wrong one is refused before
// the module runs. A schema comes from the module: nothing in it can take long, hence no patterns and no references.
// SPDX-License-Identifier: Apache-2.0

import { field, isObject } from '../protocol/go-json.ts';
import { refuse } from './parse-grants.ts';

export interface ConfigSchema {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  enum?: (string | number | boolean)[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, ConfigSchema>;
  required?: string[];
  items?: ConfigSchema;
  description?: string;
}

const TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object'];
const KEYWORDS = ['type', 'enum', 'minimum', 'maximum', 'properties', 'required', 'items', 'description', 'title'];
const MAX_DEPTH = 8;

/** Throws code 100. */
export function parseConfigSchema(value: unknown, where: string, depth = 0): ConfigSchema {
  if (!isObject(value) || depth > MAX_DEPTH) throw refuse(where, 'config', `must be a schema, at most ${MAX_DEPTH} deep`);
  const unknown = Object.keys(value).find((key) => !KEYWORDS.includes(key));
  if (unknown !== undefined) throw refuse(where, unknown, `is no keyword here; known are ${KEYWORDS.join(', ')}`);
  const { type, enum: words, minimum, maximum, properties, required, items } = value;
  if (type !== undefined && !TYPES.includes(type as string)) throw refuse(where, 'type', `must be one of ${TYPES.join(', ')}`);
  if (words !== undefined && !Array.isArray(words)) throw refuse(where, 'enum', 'must be a list');
  for (const [key, bound] of Object.entries({ minimum, maximum })) if (bound !== undefined && typeof bound !== 'number') throw refuse(where, key, 'must be a number');
  if (required !== undefined && (!Array.isArray(required) || required.some((key) => typeof key !== 'string'))) throw refuse(where, 'required', 'must be a list of keys');
  if (properties !== undefined && !isObject(properties)) throw refuse(where, 'properties', 'must be an object');
  for (const [key, schema] of Object.entries(properties ?? {})) parseConfigSchema(schema, `${where}.${key}`, depth + 1);
  if (items !== undefined) parseConfigSchema(items, `${where}.items`, depth + 1);
  return value;
}

/** What is wrong, as a sentence, or undefined. Keys the schema does not know are the runtime's, or others'. */
export function configMismatch(schema: ConfigSchema, value: unknown, at = ''): string | undefined {
  const what = at === '' ? 'the configuration' : `"${at}"`;
  if (schema.type !== undefined && !isOf(schema.type, value)) return `${what} must be ${article(schema.type)}, got ${short(value)}`;
  if (schema.enum && !schema.enum.includes(value as string)) return `${what} must be one of ${schema.enum.map((word) => JSON.stringify(word)).join(', ')}, got ${short(value)}`;
  if (typeof value === 'number' && (value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity))) {
    return `${what} must be ${schema.minimum ?? 'anything'} to ${schema.maximum ?? 'anything'}, got ${value}`;
  }
  const missing = schema.required?.find((key) => field(value, key) === undefined);
  if (missing !== undefined) return `${what} needs "${missing}"`;
  const inner = (key: string, one: ConfigSchema, item: unknown): string | undefined => (item === undefined ? undefined : configMismatch(one, item, key));
  for (const [key, one] of Object.entries(schema.properties ?? {})) {
    const wrong = inner(at === '' ? key : `${at}.${key}`, one, field(value, key));
    if (wrong !== undefined) return wrong;
  }
  const { items } = schema;
  if (!items || !Array.isArray(value)) return undefined;
  return value.map((item, i) => inner(`${at}[${i}]`, items, item)).find((wrong) => wrong !== undefined);
}

function isOf(type: NonNullable<ConfigSchema['type']>, value: unknown): boolean {
  switch (type) {
    case 'integer': return Number.isSafeInteger(value);
    case 'array': return Array.isArray(value);
    case 'object': return isObject(value);
    default: return typeof value === type;
  }
}

const article = (type: string): string => (type === 'boolean' ? 'true or false' : `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`);
const short = (value: unknown): string => JSON.stringify(value).slice(0, 64);
