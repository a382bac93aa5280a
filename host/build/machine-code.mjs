// Builds the machine code of our modules, for this Node on this kind of processor, beside the host that takes it.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';

import { writeFile } from '../../plugins-as/sdk/tool/write-file.mjs';
import { importTypeScript } from './import-typescript.mjs';

/**
 * The name of a file says what it was made from, so one that is there, and whole, is not made again. Where V8 makes none there is none, and calls compile.
 * @param {string} out
 * @param {Record<string, string>} digests of the modules in dist/plugins
 */
export async function writeMachineCode(out, digests) {
  const { exported: { engineHere, machineCodeName, wholeCode } } = await importTypeScript('host/sandbox/machine-code.ts');
  const modules = new Map(Object.entries(digests).map(([name, digest]) => [machineCodeName(name, digest, engineHere()), `dist/plugins/${name}.wasm`]));
  for (const old of machineCodeIn(out).filter((file) => !modules.has(file))) rmSync(`${out}/${old}`);
  const isThere = (file) => existsSync(file) && wholeCode(readFileSync(file)) !== undefined;
  for (const [file, module] of modules) if (!isThere(`${out}/${file}`)) writeCode(module, `${out}/${file}`);
}

/** Names of files. */
export const machineCodeIn = (folder) => readdirSync(folder).filter((file) => /-[0-9a-f]{16}-[0-9a-f]{16}\.code$/.test(file));

function writeCode(module, file) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['host/build/make-machine-code.mjs'], { input: readFileSync(module), env: {}, maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return writeFile(file, stdout);
  process.stderr.write(`build: no machine code of ${module}, calls will compile it: ${stderr.toString().trim().split('\n')[0]}\n`);
}
