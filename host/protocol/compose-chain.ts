// `"plugins": […]` inside one entry: each plugin gets the configuration that libcni would have given it.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { convertResult } from './convert-result.ts';
import { field, isObject } from './go-json.ts';
import { readNetconf } from './netconf.ts';
import type { Netconf } from './request.ts';
import type { Result } from './result.ts';

/** The inner configurations; undefined when the configuration is a plain plugin's. Throws code 7. */
export function innerNetconfs({ value, cniVersion, name, validAttachments }: Netconf): Netconf[] | undefined {
  const plugins = field(value, 'plugins');
  if (plugins === undefined) return undefined;
  if (!Array.isArray(plugins) || plugins.length === 0) throw new CniError(CODE.invalidConfig, '"plugins" must be a list of at least one plugin configuration');
  return plugins.map((plugin: unknown, i) => {
    if (!isObject(plugin) || typeof field(plugin, 'type') !== 'string') throw new CniError(CODE.invalidConfig, `plugins[${i}] must be an object with a "type"`);
    const runtimeConfig = offered(field(value, 'runtimeConfig'), field(plugin, 'capabilities'));
    const inner = { ...plugin, name, cniVersion, ...(runtimeConfig ? { runtimeConfig } : {}), ...(field(value, 'prevResult') === undefined ? {} : { prevResult: field(value, 'prevResult') }) };
    return { ...readNetconf({ text: JSON.stringify(inner), value: inner }), ...(validAttachments ? { validAttachments } : {}) };
  });
}

/** The configuration as the next plugin of a chain gets it: with the result so far, in the configuration's version. */
export function nextNetconf(netconf: Netconf, prevResult: Result | undefined): Netconf {
  if (prevResult === netconf.prevResult || prevResult === undefined) return netconf;
  const value = { ...netconf.value, prevResult: convertResult(prevResult, netconf.cniVersion) };
  return { ...netconf, prevResult, value, text: JSON.stringify(value) };
}

/** What of the runtime's offer this plugin asks for; all of it when it does not say. */
function offered(runtimeConfig: unknown, capabilities: unknown): object | undefined {
  if (!isObject(runtimeConfig)) return undefined;
  if (!isObject(capabilities)) return runtimeConfig;
  return Object.fromEntries(Object.entries(runtimeConfig).filter(([key]) => capabilities[key] === true));
}
