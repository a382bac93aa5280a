// The keys that a plugin's manifest has for its configuration, and those of a configuration that it has not: CNI ignores them without a word, and
// mostly one is misspelt.
// SPDX-License-Identifier: Apache-2.0

import type { ConfigSchema } from '../grant/config-schema.ts';
import type { Manifest } from '../grant/grants.ts';
import { field, isObject } from '../protocol/go-json.ts';
import type { Named } from './modules-of.ts';

/** What every plugin may be given: by CNI, by a runtime, or for the host. */
const OF_ALL = ['cniVersion', 'name', 'type', 'capabilities', 'runtimeConfig', 'args', 'prevResult', 'dns', 'module'];
const OF_ALL_IPAM = ['type', 'name'];

/** The specification's, section 1; libcni compares them byte for byte. */
const OF_LIST = ['cniVersion', 'cniVersions', 'name', 'disableCheck', 'disableGC', 'loadOnlyInlinedPlugins', 'plugins'];
/** Of an entry with `plugins`: what a runtime gives it, and what it hands on (protocol/compose-chain.ts). */
const OF_CHAIN = ['cniVersion', 'name', 'type', 'capabilities', 'runtimeConfig', 'prevResult', 'plugins'];

export interface ConfigKey { path: string; schema: ConfigSchema }

/** In the schema's order, those that hold others by what they hold: `ipam.ranges[][].subnet`. */
export function keysIn({ properties = {} }: ConfigSchema, above = ''): ConfigKey[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const path = `${above}${key}`;
    const { inner, depth } = elementOf(schema);
    return inner.properties ? keysIn(inner, `${path}${'[]'.repeat(depth)}.`) : [{ path, schema }];
  });
}

/** Of the part that is the plugin's own. None when its manifest names no keys. */
export function unknownKeys({ conf, as }: Pick<Named, 'conf' | 'as'>, { config, wants }: Pick<Manifest, 'config' | 'wants'>): string[] {
  if (as === 'IPAM plugin') {
    const schema = config?.properties?.['ipam'];
    return schema ? unknownIn(schema, field(conf, 'ipam'), 'ipam.', OF_ALL_IPAM) : [];
  }
  return config ? unknownIn(config, conf, '', [...OF_ALL, ...(wants.delegate ? ['ipam'] : [])]) : [];
}

export const unknownInList = (list: object): string[] => Object.keys(list).filter((key) => !OF_LIST.includes(key));

export const unknownInChain = (conf: object): string[] => Object.keys(conf).filter((key) => !OF_CHAIN.some((one) => isSame(one, key)));

function unknownIn({ properties, items }: ConfigSchema, value: unknown, above: string, besides: readonly string[] = []): string[] {
  if (Array.isArray(value)) return items ? value.flatMap((one) => unknownIn(items, one, above)) : [];
  if (!properties || !isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (besides.some((one) => isSame(one, key))) return [];
    const known = Object.keys(properties).find((one) => isSame(one, key));
    return known === undefined ? [`${above}${key}`] : unknownIn(properties[known]!, inner, `${above}${key}.`);
  });
}

/** As plugins find them. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

function elementOf(schema: ConfigSchema): { inner: ConfigSchema; depth: number } {
  let [inner, depth] = [schema, 0];
  for (; inner.items; depth++) inner = inner.items;
  return { inner, depth };
}
