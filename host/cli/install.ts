// `cni-wasm install`: a module's bytes into the blob store and its name into the lock file. What it may do stays the operator's word.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { readManifest } from '../grant/manifest.ts';
import { DEFAULT_LIMITS } from '../grant/grants.ts';
import { readImports } from '../grant/read-imports.ts';
import type { Roots } from '../roots.ts';
import { checkMemory } from '../sandbox/memory-limit.ts';
import { builtins } from '../selection/builtins.ts';
import { blobPath, digestOf } from '../selection/find-module.ts';
import { compile } from '../selection/load-plugin.ts';
import { lockPath, readLock } from '../selection/lockfile.ts';
import { checkModuleName } from '../selection/module-name.ts';

export function install([file, asked]: readonly string[], roots: Roots): string {
  if (file === undefined) throw new CniError(CODE.invalidConfig, 'install: give a .wasm file');
  const bytes = readFileSync(file);
  const module = compile(bytes, file);
  const manifest = readManifest(module, file);
  readImports(module, file);
  checkMemory(bytes, file, DEFAULT_LIMITS.memoryPages);
  const name = checkModuleName(asked ?? manifest.name);
  if (Object.hasOwn(builtins(__dirname).digests, name)) throw new CniError(CODE.moduleRefused, `"${name}" is a module of the host itself; give another name`);
  const digest = digestOf(bytes);
  put(blobPath(roots.state, digest), bytes);
  put(lockPath(roots.etc), `${JSON.stringify({ ...Object.fromEntries(readLock(roots.etc)), [name]: { digest } }, null, 2)}\n`);
  return `installed "${name}" ${manifest.version} as ${digest}

It may do nothing yet. To grant what it wants, add this to "modules" in ${join(roots.etc, 'policy.json')}:

  ${JSON.stringify(digest)}: ${JSON.stringify({ grants: manifest.wants })}

A conflist selects it with {"type": "cni-wasm", "module": "${name}"}.
`;
}

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(`${path}.new`, content, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}
