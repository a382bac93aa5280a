// Where the parts of the host lie in the single-file executable: in itself. Nothing is unpacked but the native part, into a file without a name.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { getRawAsset } from 'node:sea';
import { Script } from 'node:vm';
import { CniError, CODE } from '../cni-error.ts';
import type * as files from './files.ts';
import type { Library, ModuleSource } from './files.ts';

/** The word in front of the name of a program of our own; start-embedded.ts knows it too. */
export const OWN_PROGRAM = '--own-program';

/** Any file system serves that lets code be loaded from it: the first is in memory, and the second is where this very program lies. */
const NATIVE_FOLDERS = ['/dev/shm', dirname(process.execPath), '/run', '/var/lib', '/tmp'];
/** linux/fcntl.h; Node has no name for it. With O_EXCL the file can never be given one. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

export const programs = dirname(process.execPath);

/** The name is that of the link, as for busybox: what /proc calls the program is the name of what the link leads to. */
export const calledWith = (): readonly [calledAs?: string, ...words: string[]] => [basename(process.argv0), ...process.argv.slice(2)];

export const pathOf = (part: string): string => join(process.execPath, part);

/** In the memory of the program, where nobody can write. */
export const readPart = (part: string): Buffer => Buffer.from(getRawAsset(part) as ArrayBuffer);

export function library<Exports>(name: Library): Exports {
  if (name === 'serve') throw new CniError(CODE.invalidConfig, 'serve: the single-file executable is no resident host: it has no launcher that would hand calls to one', { hint: 'use the archive, and Node.js' });
  return once(`${name}.cjs`, run) as Exports;
}

export const ownProgram = (name: 'firewalld'): readonly [file: string, ...args: string[]] => [process.execPath, OWN_PROGRAM, name];

export const runOwnProgram = (name: string): unknown => run(`${name}.cjs`);

export function moduleSource(name: string): ModuleSource {
  const part = `${name}.wasm`;
  return { path: pathOf(part), read: () => readPart(part) };
}

export const nativePart = (): unknown => once('koffi.node', loadNative);

/** Node's own table of what has been loaded, in which a library from a file stands too. */
function once(part: string, load: (part: string) => unknown): unknown {
  const { cache } = createRequire(process.execPath);
  const known = cache[pathOf(part)];
  if (known) return known.exports;
  const module = new Module(pathOf(part));
  module.exports = load(part);
  cache[module.id] = module;
  return module.exports;
}

function run(part: string): unknown {
  const module = { exports: {} };
  const script = new Script(`(function (module, exports, require) {${readPart(part).toString()}\n})`, { filename: pathOf(part) });
  (script.runInThisContext() as (...args: unknown[]) => void)(module, module.exports, createRequire(process.execPath));
  return module.exports;
}

/**
 * dlopen(3) wants a file. This one has no name, so nobody else can open it, write to it or put another in its place, and it is gone with its
 * last user, whatever ends that. A file system mounted with noexec, read-only or without O_TMPFILE refuses, and the next one is asked.
 */
function loadNative(part: string): unknown {
  const refusals: string[] = [];
  for (const folder of NATIVE_FOLDERS) {
    let fd: number | undefined;
    try {
      fd = openSync(folder, O_TMPFILE | constants.O_EXCL | constants.O_RDWR, 0o400);
      writeFileSync(fd, readPart(part));
      const module = { exports: {} };
      process.dlopen(module, `/proc/self/fd/${fd}`);
      return module.exports;
    } catch (error) {
      refusals.push(`${folder}: ${(error as Error).message}`);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  throw new CniError(CODE.io, `the native part cannot be loaded from a file without a name (${refusals.join('; ')})`, { kind: 'io', hint: 'mount /dev/shm or another of these folders with exec and write access' });
}

void ({ calledWith, library, moduleSource, nativePart, ownProgram, pathOf, programs, readPart } satisfies typeof files);
