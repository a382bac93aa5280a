// Compiles a plugin's folder (index.ts and what it imports) from AssemblyScript to a module: for the build of this repository
// and for plugins outside of it alike.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SDK = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = '@cni-wasm/sdk';

/**
 * A run lives for milliseconds and what it takes of its memory dies with it: nothing is ever freed, and all is capped. Two pages are enough for most
 * runs, and to grow takes longer than to begin with them.
 * The start function is an export: a start section runs before the host knows the memory, and could call nothing.
 */
const FLAGS = ['-O3', '--runtime', 'stub', '--initialMemory', '2', '--maximumMemory', '64', '--exportStart', '_initialize'];

/**
 * Returns the module's bytes and the files they were made from.
 * @param {string} folder
 * @returns {Promise<{ bytes: Uint8Array, inputs: string[] }>}
 */
export async function compile(folder) {
  const { default: asc } = await import('assemblyscript/asc');
  const inside = resolve(folder, '..', 'sdk') === resolve(SDK);
  const baseDir = inside ? dirname(resolve(folder)) : resolve(folder);
  const entry = inside ? `${basename(resolve(folder))}/index.ts` : 'index.ts';
  const abort = inside ? 'sdk/abi/abort' : `~lib/${PACKAGE}/abi/abort`;
  const inputs = new Set();
  let bytes;
  const { error, stderr } = await asc.main([entry, ...FLAGS, '--use', `abort=${abort}`, '--outFile', 'out.wasm', '--baseDir', baseDir], {
    readFile: (name) => read(sdkPath(name) ?? join(baseDir, name), inputs),
    writeFile: (name, contents) => { if (name.endsWith('.wasm')) bytes = contents.slice(); },
    listFiles: () => [],
  });
  if (error || !bytes) throw new Error(`cannot compile ${folder}\n${stderr.toString()}`, { cause: error });
  return { bytes, inputs: [...inputs].sort() };
}

function read(path, inputs) {
  try {
    const text = readFileSync(path, 'utf8');
    inputs.add(path);
    return text;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return null;
    throw error;
  }
}

/** A plugin elsewhere always gets the SDK this tool belongs to, wherever its package manager has put it. */
function sdkPath(name) {
  const [, path] = name.split(`node_modules/${PACKAGE}/`);
  return path === undefined ? undefined : join(SDK, path);
}
