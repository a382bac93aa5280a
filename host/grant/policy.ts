// /etc/cni/wasm/policy.json: what the operator grants to whom. Without an entry a module may do nothing.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { isObject } from '../protocol/go-json.ts';
import { parseGrants, parseLimits, refuse } from './parse-grants.ts';
import type { Grants, Limits } from './grants.ts';
import { readTrusted } from './trusted-file.ts';

export interface PolicyEntry {
  /** patterns of network names; absent: every network */
  networks?: string[];
  grants: Partial<Grants>;
  limits: Partial<Limits>;
}
export interface Policy { path: string; modules: ReadonlyMap<string, PolicyEntry> }

/** Throws code 100 for a file that says something else than it should. */
export function readPolicy(etc: string): Policy {
  const path = join(etc, 'policy.json');
  const value = readTrusted(path) ?? { version: 1, modules: {} };
  const where = `"${path}"`;
  for (const key of Object.keys(value)) {
    if (!['version', 'default', 'modules'].includes(key)) throw refuse(where, key, 'is unknown; known are version, default, modules');
  }
  if (value['version'] !== 1) throw refuse(where, 'version', 'must be 1');
  if (value['default'] !== undefined && value['default'] !== 'deny') throw refuse(where, 'default', 'can only be "deny"');
  const modules = value['modules'] ?? {};
  if (!isObject(modules)) throw refuse(where, 'modules', 'must be an object with a digest for each key');
  return { path, modules: new Map(Object.entries(modules).map(([digest, entry]) => [digest, parseEntry(entry, `${where}, modules["${digest}"]`, digest)])) };
}

function parseEntry(value: unknown, where: string, digest: string): PolicyEntry {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw refuse(where, digest, 'must be a digest like sha256:…');
  if (!isObject(value)) throw refuse(where, digest, 'must be an object');
  const { networks, grants = {}, limits = {}, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw refuse(where, unknown, 'is unknown; known are networks, grants, limits');
  if (networks !== undefined && (!Array.isArray(networks) || networks.some((one) => typeof one !== 'string'))) throw refuse(where, 'networks', 'must be a list of patterns like "prod-*"');
  if (!isObject(grants)) throw refuse(where, 'grants', 'must be an object');
  if (!isObject(limits)) throw refuse(where, 'limits', 'must be an object');
  return { ...(networks === undefined ? {} : { networks: networks as string[] }), grants: parseGrants(grants, `${where}.grants`), limits: parseLimits(limits, `${where}.limits`) };
}
