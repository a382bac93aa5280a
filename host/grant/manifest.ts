// The `cni.manifest` custom section of a module: what it wants and within what.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { isObject, parseObject, reason } from '../protocol/go-json.ts';
import { customSections } from '../sandbox/sections.ts';
import { MODULE_NAME } from '../selection/module-name.ts';
import { parseConfigSchema } from './config-schema.ts';
import { parseGrants, parseLimits, refuse } from './parse-grants.ts';
import type { Manifest } from './grants.ts';

const ROLES = ['main', 'chained', 'ipam'] as const;
const KEYS = ['abi', 'name', 'version', 'role', 'license', 'description', 'cniVersions', 'wants', 'optional', 'limits', 'config'];

/** Throws code 100. */
export function readManifest(bytes: Uint8Array, name: string): Manifest {
  const sections = customSections(bytes, 'cni.manifest');
  if (sections.length !== 1) {
    throw new CniError(CODE.moduleRefused, `module "${name}" has ${sections.length} cni.manifest sections, expected one`, { hint: 'put its manifest.json into it with `cni-wasm-sdk build` or, whatever the compiler was, `cni-wasm-sdk stamp`' });
  }
  let value: Record<string, unknown>;
  try {
    ({ value } = parseObject(sections[0]!));
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `manifest of module "${name}": ${reason(error)}`, { cause: error });
  }
  return parseManifest(value, `manifest of module "${name}"`);
}

function parseManifest(value: Record<string, unknown>, where: string): Manifest {
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw refuse(where, unknown, `is no key of a manifest; known are ${KEYS.join(', ')}`);
  const { abi, name, version, role, license, description, cniVersions = [], wants = {}, optional = [], limits = {}, config } = value;
  if (abi !== 1) throw refuse(where, 'abi', 'must be 1', abi);
  if (typeof name !== 'string' || !MODULE_NAME.test(name)) throw refuse(where, 'name', `must match ${MODULE_NAME.source}`, name);
  if (typeof version !== 'string') throw refuse(where, 'version', 'must be a string', version);
  const knownRole = ROLES.find((one) => one === role);
  if (!knownRole) throw refuse(where, 'role', `must be one of ${ROLES.join(', ')}`, role);
  if (!isStrings(cniVersions)) throw refuse(where, 'cniVersions', 'must be a list of strings', cniVersions);
  if (!isStrings(optional)) throw refuse(where, 'optional', 'must be a list like ["conntrack.flush"]', optional);
  if (!isObject(wants)) throw refuse(where, 'wants', 'must be an object', wants);
  if (!isObject(limits)) throw refuse(where, 'limits', 'must be an object', limits);
  return {
    abi: 1, name, version, role: knownRole, cniVersions, optional,
    wants: parseGrants(wants, `${where}, wants`), limits: parseLimits(limits, `${where}, limits`),
    ...(config === undefined ? {} : { config: parseConfigSchema(config, `${where}, config`) }),
    ...(typeof license === 'string' ? { license } : {}), ...(typeof description === 'string' ? { description } : {}),
  };
}

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');
