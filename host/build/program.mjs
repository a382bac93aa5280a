// Builds a program that starts with V8's code for it: its bundle as a script, the code V8 makes of that, and the few lines that bring both together.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';

import { writeFile } from '../../plugins-as/sdk/tool/write-file.mjs';
import { importTypeScript } from './import-typescript.mjs';

/**
 * `bundle` is a bundle as esbuild makes it, `start` makes one of host/start.ts. Writes under `name` with a digest the program, its code and its map, and what
 * starts it as `file`: without one under the same name, so that what is put in its place later has another. Returns the name of that file.
 * @param {string} out
 * @param {{ file?: string, name: string }} names
 * @param {{ source: string, map: string }} bundle
 * @param {(define: Record<string, string>) => Promise<string>} start
 */
export async function writeProgram(out, { file: fixed, name }, { source, map }, start) {
  // Read as one byte for each character, which is quicker than UTF-8; esbuild escapes the others.
  if (/[^\0-\x7f]/.test(source)) throw new Error('the bundle of the host has characters outside of ASCII');
  const script = `(function (require, __dirname) { var module = { exports: {} }, exports = module.exports; ${source.replace(/\/\/# sourceMappingURL=.*\n?$/, '')}\n})`;
  const version = `${name}-${createHash('sha256').update(script).digest('hex').slice(0, 16)}`;
  const program = `${script}\n//# sourceMappingURL=${version}.cjs.map\n`;
  const file = fixed ?? `${version}.start.cjs`;
  const { exported: { codeName, engineHere } } = await importTypeScript('host/engine.ts');
  const { exported: { codeFile } } = await importTypeScript('host/parts/read-code.ts');
  const engine = engineHere();
  const code = engine === undefined ? {} : { [codeName(`${version}.cjs`, engine)]: codeFile(codeOf(program, `${version}.cjs`)) };
  const parts = { [`${version}.cjs`]: program, [`${version}.cjs.map`]: map, ...code };
  for (const [part, content] of Object.entries(parts)) writeFile(`${out}/${part}`, content);
  writeFile(`${out}/${file}`, await start({ PROGRAM: JSON.stringify(`${version}.cjs`) }));
  const isOld = (part) => part.startsWith(`${name}-`) && /^[0-9a-f]{16}\./.test(part.slice(name.length + 1)) && !(part in parts) && part !== file;
  for (const old of readdirSync(out).filter(isOld)) rmSync(`${out}/${old}`);
  return file;
}

/** V8's tables lie in an order that depends on a random number. With always the same one the code is the same each time, and V8 does not look for it when it reads. */
export const codeOf = (source, filename) => execFileSync(process.execPath, ['--random-seed=1', 'host/build/make-code.mjs', filename], { input: source, env: {}, maxBuffer: 64 * 1024 * 1024 });
