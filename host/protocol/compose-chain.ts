// `"plugins": […]` inside one entry: each plugin gets the configuration that libcni would have given it.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { convertResult } from './convert-result.ts';
import { field, isObject } from './go-json.ts';
import { readNetconf } from './netconf.ts';
import type { Netconf } from './request.ts';
import type { Result } from './result.ts';

/** The inner configurations; undefined when the configuration is a plain plugin's. Throws code 7. */
export function innerNetconfs({ value, cniVersion, name }: Netconf): Netconf[] | undefined {
  const plugins = field(value, 'plugins');
  if (plugins === undefined) return undefined;
  if (!Array.isArray(plugins) || plugins.length === 0) throw new CniError(CODE.invalidConfig, '"plugins" must be a list of at least one plugin configuration');
  return plugins.map((plugin: unknown, i) => {
    if (!isObject(plugin) || typeof field(plugin, 'type') !== 'string') throw new CniError(CODE.invalidConfig, `plugins[${i}] must be an object with a "type"`);
    const runtimeConfig = offered(field(value, 'runtimeConfig'), field(plugin, 'capabilities'));
    return composed({ ...plugin, name, cniVersion, ...(runtimeConfig ? { runtimeConfig } : {}), ...inherited(value) });
  });
}

/** The configuration as the next plugin of a chain gets it: with the result so far, in the configuration's version. */
export function nextNetconf(netconf: Netconf, prevResult: Result | undefined): Netconf {
  if (prevResult === netconf.prevResult || prevResult === undefined) return netconf;
  return { ...composed({ ...netconf.value, prevResult: convertResult(prevResult, netconf.cniVersion) }), prevResult };
}

/** What a runtime says of the call rather than of a plugin. */
const INHERITED = ['prevResult', 'cni.dev/valid-attachments', 'cni.dev/attachments'];

const inherited = (value: Netconf['value']): object => Object.fromEntries(INHERITED.filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]]));

/** Keys in the order in which libcni writes them, so that for a plugin in Go, too, "name" comes after a "Name" and counts. */
function composed(keys: Record<string, unknown>): Netconf {
  const value = Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
  return readNetconf({ text: JSON.stringify(value), value });
}

/** What of the runtime's offer this plugin asks for; all of it when it does not say. */
function offered(runtimeConfig: unknown, capabilities: unknown): object | undefined {
  if (!isObject(runtimeConfig)) return undefined;
  if (!isObject(capabilities)) return runtimeConfig;
  const wanted = Object.entries(runtimeConfig).filter(([key]) => capabilities[key] === true);
  return wanted.length > 0 ? Object.fromEntries(wanted) : undefined;
}
