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
/** Whoever holds the key: what its modules may get at most, and get when no entry speaks of them. */
export interface Signer {
  name: string;
  key: string;
  networks?: string[];
  may: Partial<Grants>;
  limits: Partial<Limits>;
}
export interface Policy { path: string; modules: ReadonlyMap<string, PolicyEntry>; signers: readonly Signer[] }

/** Of a module's bytes */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** A public key: 32 bytes in base64 */
export const KEY = /^ed25519:[A-Za-z0-9+/]{43}=$/;

/** Throws code 100 for a file that says something else than it should. */
export function readPolicy(etc: string): Policy {
  const path = join(etc, 'policy.json');
  const value = readTrusted(path) ?? { version: 1, modules: {} };
  const where = `"${path}"`;
  for (const key of Object.keys(value)) {
    if (!['version', 'default', 'modules', 'signers'].includes(key)) throw refuse(where, key, 'is unknown; known are version, default, modules, signers');
  }
  if (value['version'] !== 1) throw refuse(where, 'version', 'must be 1', value['version']);
  if (value['default'] !== undefined && value['default'] !== 'deny') throw refuse(where, 'default', 'can only be "deny"', value['default']);
  const { modules = {}, signers = {} } = value;
  if (!isObject(modules)) throw refuse(where, 'modules', 'must be an object with a digest for each key', modules);
  if (!isObject(signers)) throw refuse(where, 'signers', 'must be an object with a name for each key', signers);
  return {
    path,
    signers: Object.entries(signers).map(([name, entry]) => parseSigner(name, entry, `${where}, signers["${name}"]`)),
    modules: new Map(Object.entries(modules).map(([digest, entry]) => [digest, parseEntry(entry, `${where}, modules["${digest}"]`, digest)])),
  };
}

function parseEntry(value: unknown, where: string, digest: string): PolicyEntry {
  if (!DIGEST.test(digest)) throw refuse(where, digest, 'must be a digest like sha256:…');
  if (!isObject(value)) throw refuse(where, digest, 'must be an object', value);
  const { networks, grants = {}, limits = {}, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw refuse(where, unknown, 'is unknown; known are networks, grants, limits');
  if (!isObject(grants)) throw refuse(where, 'grants', 'must be an object', grants);
  return { ...parseScope(networks, limits, where), grants: parseGrants(grants, `${where}.grants`) };
}

function parseSigner(name: string, value: unknown, where: string): Signer {
  if (!isObject(value)) throw refuse(where, name, 'must be an object', value);
  const { key, networks, may = {}, limits = {}, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw refuse(where, unknown, 'is unknown; known are key, networks, may, limits');
  if (typeof key !== 'string' || !KEY.test(key)) throw refuse(where, 'key', 'must be a public key like ed25519:…, as `cni-wasm keygen` prints it');
  if (!isObject(may)) throw refuse(where, 'may', 'must be an object, written like grants', may);
  return { name, key, ...parseScope(networks, limits, where), may: parseGrants(may, `${where}.may`) };
}

function parseScope(networks: unknown, limits: unknown, where: string): { networks?: string[]; limits: Partial<Limits> } {
  if (networks !== undefined && (!Array.isArray(networks) || networks.some((one) => typeof one !== 'string'))) throw refuse(where, 'networks', 'must be a list of patterns like "prod-*"', networks);
  if (!isObject(limits)) throw refuse(where, 'limits', 'must be an object', limits);
  return { ...(networks === undefined ? {} : { networks: networks as string[] }), limits: parseLimits(limits, `${where}.limits`) };
}
