// Where the parts of the host lie: in files beside its bundle, as the build lays them out. embedded.ts is the other answer, that of the
// single-file executable; the build chooses (`#parts` in package.json). Unbundled code (tests) finds what the last build made.
// SPDX-License-Identifier: Apache-2.0

import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { readPlainFile } from '../open-file.ts';

/** What only some calls need, read when it is asked for: libraries (`host/side/<name>.ts` says what each is), and hosts of their own (`HOSTS` in host/build/host.mjs). */
export type Library = 'execa' | 'pino' | 'wasi' | 'cli' | 'serve' | 'plan';

/** A module that ships with the host; the path is for messages. */
export interface ModuleSource { path: string; read(): Buffer }

const home = typeof __dirname === 'string' ? __dirname : join(process.cwd(), 'dist/lib');

/** Where the executables are, for who runs a conflist by hand. */
export const programs = join(dirname(home), 'bin');

/** The plugin's name, then the words for people. The launcher hands both over. */
export const calledWith = (): readonly [calledAs?: string, ...words: string[]] => process.argv.slice(2) as [];

export const pathOf = (part: string): string => join(home, part);

export const readPart = (part: string): Buffer => readFileSync(pathOf(part));

export const library = <Exports>(name: Library): Exports => loaded(`${name}.cjs`) as Exports;

/** The command line of a program of our own. */
export const ownProgram = (name: 'firewalld'): readonly [file: string, ...args: string[]] => [process.execPath, pathOf(`${name}.cjs`)];

export function moduleSource(name: string): ModuleSource {
  const path = join(home, '..', 'plugins', `${name}.wasm`);
  return { path, read: () => readPlainFile(path) };
}

/** koffi's native part alone: koffi's own JavaScript takes 6 to 15 ms to load, this under 1. */
export const nativePart = (): unknown => loaded('koffi.node');

/** By the bundle's own `require`: to make one with node:module takes 1 ms. */
const loaded = (part: string): unknown => require(pathOf(part));
