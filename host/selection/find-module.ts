// A name → the bytes it stands for, which are hashed when they are read.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { readPlainFile } from '../open-file.ts';
import type { Roots } from '../roots.ts';
import { lockPath, readLock } from './lockfile.ts';
import { checkModuleName } from './module-name.ts';
import { errnoOf } from '../system-error.ts';
import type { ModuleSource } from '#parts';

export interface Found { name: string; digest: string; builtin: boolean; source: ModuleSource }

export interface Builtins {
  /** where the modules lie that ship with the host */
  source(name: string): ModuleSource;
  /** name → "sha256:hex", fixed when the host was built */
  digests: Readonly<Record<string, string>>;
  /** what need not be compiled; `bytes` are those of the digest */
  compiled(name: string, bytes: Uint8Array): WebAssembly.Module | undefined;
}

/** Throws code 100. A name of ours is always ours: the lock file cannot put other bytes in its place. */
export function findModule(name: string, builtins: Builtins, roots: Pick<Roots, 'etc' | 'state'>): Found {
  checkModuleName(name);
  const own = Object.hasOwn(builtins.digests, name) ? builtins.digests[name] : undefined;
  const digest = own ?? readLock(roots.etc).get(name)?.digest;
  if (digest === undefined) {
    throw new CniError(CODE.moduleRefused, `no module "${name}"`, { kind: 'not-found', hint: `install it with \`cni-wasm install FILE.wasm\`, which writes it to ${lockPath(roots.etc)}` });
  }
  return { name, digest, builtin: own !== undefined, source: own === undefined ? installed(roots.state, digest) : builtins.source(name) };
}

/** Throws code 100 for bytes that cannot be read, or are not those of the digest. */
export function verifiedBytes({ name, digest, source }: Found): Buffer {
  const bytes = readBytes(source, name);
  const actual = digestOf(bytes);
  if (actual !== digest) {
    const { path } = source;
    throw new CniError(CODE.moduleRefused, `module "${name}" in "${path}" has the digest ${actual}, expected ${digest}`, { kind: 'denied', at: path, hint: 'the file was changed after it was installed; install it again' });
  }
  return bytes;
}

export const isKnown = (name: string, builtins: Builtins, roots: Pick<Roots, 'etc'>): boolean => Object.hasOwn(builtins.digests, name) || readLock(roots.etc).has(name);

export const blobPath = (state: string, digest: string): string => join(state, 'blobs', ...digest.split(':'));

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function installed(state: string, digest: string): ModuleSource {
  const path = blobPath(state, digest);
  return { path, read: () => readPlainFile(path) };
}

function readBytes({ path, read }: ModuleSource, name: string): Buffer {
  try {
    return read();
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `module "${name}" cannot be read from "${path}": ${errnoOf(error)}`, { kind: 'io', hint: 'install it again', cause: error });
  }
}
