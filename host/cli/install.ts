// `cni-wasm install`: a module's bytes into the blob store and its name into the lock file. What it may do stays the operator's word.
// SPDX-License-Identifier: Apache-2.0

import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { readManifest } from '../grant/manifest.ts';
import { makeFolder } from '../make-folder.ts';
import type { Roots } from '../roots.ts';
import { builtins } from '../selection/builtins.ts';
import { blobPath, digestOf } from '../selection/find-module.ts';
import { codeOf, runnable } from '../selection/load-plugin.ts';
import { lockPath, readLock } from '../selection/lockfile.ts';
import { checkModuleName } from '../selection/module-name.ts';
import { isSignedBy, readSignature, signaturePath } from '../selection/signature.ts';
import { readNamed } from './named-file.ts';
import { Misuse, readWords } from './words.ts';

export function install(words: readonly string[], roots: Roots): string {
  const { positionals: [file, asked] } = readWords('install', words, 2, {});
  if (file === undefined) throw new Misuse('give a .wasm file', 'install');
  const bytes = readNamed(file);
  const code = codeOf(bytes, file);
  const manifest = readManifest(bytes, file);
  runnable(code, file);
  const name = checkModuleName(asked ?? manifest.name);
  if (Object.hasOwn(builtins().digests, name)) throw new CniError(CODE.moduleRefused, `"${name}" is a module of the host itself; give another name`);
  const digest = digestOf(bytes);
  const signature = readSignature(signaturePath(file));
  if (signature && !isSignedBy(signature, digest)) throw new CniError(CODE.moduleRefused, `"${signaturePath(file)}" is no signature of these bytes`, { hint: 'get both from their publisher again' });
  put(blobPath(roots.state, digest), bytes);
  if (signature) put(signaturePath(blobPath(roots.state, digest)), JSON.stringify(signature));
  put(lockPath(roots.etc), `${JSON.stringify({ ...Object.fromEntries(readLock(roots.etc)), [name]: { digest } }, null, 2)}\n`);
  return `installed "${name}" ${manifest.version} as ${digest}${signature ? `\nsigned by ${signature.key}, which counts where a policy names it` : ''}

It may do nothing yet. To grant what it wants, add this to "modules" in ${join(roots.etc, 'policy.json')}:

  ${JSON.stringify(digest)}: ${JSON.stringify({ grants: manifest.wants })}

A conflist selects it with {"type": "cni-wasm", "module": "${name}"}.
`;
}

function put(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(path), 0o755);
  writeFileSync(`${path}.new`, content, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}
