// `cni-wasm install`: a module's bytes into the blob store and its name into the lock file. What it may do stays the operator's word.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
import { isSignedBy, readSignature, signaturePath, type Signature } from '../selection/signature.ts';
import type { Host } from '../verbs/host.ts';
import { readNamed } from './named-file.ts';
import { printable } from './printable.ts';
import { Misuse, readWords } from './words.ts';

/** ms; others hold it for as long as writing a module takes */
const LOCK_TIMEOUT = 60_000;

export function install(words: readonly string[], { roots, locks }: Pick<Host, 'roots' | 'locks'>): string {
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
  const lock = locks.hold('modules.lock', 'exclusive', LOCK_TIMEOUT);
  let before: string | undefined;
  try {
    before = putInPlace({ name, digest, bytes, signature }, roots);
  } finally {
    lock.release();
  }
  return `installed "${name}" ${printable(manifest.version)} as ${digest}${signature ? `\nsigned by ${signature.key}, which counts where a policy names it` : ''}${before === undefined || before === digest ? '' : `\n${instead(name, before, roots)}`}

It may do nothing yet. To grant what it wants, add this to "modules" in ${join(roots.etc, 'policy.json')}:

  ${JSON.stringify(digest)}: ${printable(JSON.stringify({ grants: manifest.wants }))}

A conflist selects it with {"type": "cni-wasm", "module": "${name}"}.
`;
}

/** Under the lock: the lock file is read and written as a whole. What the name stood for before. */
function putInPlace({ name, digest, bytes, signature }: { name: string; digest: string; bytes: Uint8Array; signature: Signature | undefined }, { etc, state }: Roots): string | undefined {
  put(blobPath(state, digest), bytes);
  if (signature) put(signaturePath(blobPath(state, digest)), JSON.stringify(signature));
  const locked = readLock(etc);
  put(lockPath(etc), `${JSON.stringify({ ...Object.fromEntries(locked), [name]: { digest } }, null, 2)}\n`);
  return locked.get(name)?.digest;
}

function instead(name: string, before: string, { state }: Roots): string {
  const path = blobPath(state, before);
  return existsSync(path) ? `in place of ${before}, whose bytes stay; to go back to them:\n  cni-wasm install ${path} ${name}` : `in place of ${before}, whose bytes are not there any more`;
}

function put(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(path), 0o755);
  // A killed one's, or a link or a pipe that others could put there: a new file is nobody else's.
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, content, { mode: 0o644, flag: 'wx' });
  renameSync(`${path}.new`, path);
}
