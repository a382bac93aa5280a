// Selection, then grant: a name becomes a module that may run, with what it may do.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { grantBuiltin, grantByPolicy } from '../grant/grant-for.ts';
import { readManifest } from '../grant/manifest.ts';
import { readPolicy } from '../grant/policy.ts';
import { readImports, type Imports } from '../grant/read-imports.ts';
import type { Manifest } from '../grant/grants.ts';
import { reason } from '../protocol/go-json.ts';
import type { Netconf } from '../protocol/request.ts';
import type { Roots } from '../roots.ts';
import { checkMemory } from '../sandbox/memory-limit.ts';
import type { Plugin } from '../verbs/host.ts';
import { findModule, type Builtins, type Found } from './find-module.ts';

export interface Loaded { found: Found; module: WebAssembly.Module; manifest: Manifest; imports: Imports }

/** Throws code 100 (refused) or 101 (not granted). Compiled modules are kept in `cache` by digest, for as long as its owner lives. */
export function loadPlugin(name: string, netconf: Pick<Netconf, 'name'>, builtins: Builtins, roots: Roots, cache: Map<string, WebAssembly.Module>): Plugin {
  const { found, module, manifest, imports } = loadModule(name, builtins, roots, cache);
  const asked = { name, digest: found.digest, manifest, operations: imports.operations, network: netconf.name };
  const grant = found.builtin ? grantBuiltin(asked) : grantByPolicy(asked, readPolicy(roots.etc));
  checkMemory(found.bytes, name, grant.limits.memoryPages);
  return { name, digest: found.digest, manifest, module, ...grant };
}

/** Everything about a module but what it may do here. */
export function loadModule(name: string, builtins: Builtins, roots: Roots, cache: Map<string, WebAssembly.Module>): Loaded {
  const found = findModule(name, builtins, roots);
  const module = cache.get(found.digest) ?? compile(found.bytes, name);
  cache.set(found.digest, module);
  return { found, module, manifest: readManifest(module, name), imports: readImports(module, name) };
}

export function compile(bytes: Uint8Array, name: string): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes as BufferSource);
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `module "${name}" is not valid WebAssembly: ${reason(error)}`, { kind: 'invalid', cause: error });
  }
}
