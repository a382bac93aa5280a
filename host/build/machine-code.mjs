// Builds the machine code of our modules, for this Node on this kind of processor, beside the host that takes it.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';

import { writeFile } from '../../plugins-as/sdk/tool/write-file.mjs';
import { importTypeScript } from './import-typescript.mjs';

/**
 * The name of a file says what it was made from, so one that is there, and whole, is not made again. Where V8 makes none there is none, and calls compile.
 * @param {string} out
 * @param {Record<string, string>} digests of the modules in dist/plugins
 */
export async function writeMachineCode(out, digests) {
  const { exported: { engineHere } } = await importTypeScript('host/engine.ts');
  const { exported: { machineCodeName } } = await importTypeScript('host/sandbox/machine-code.ts');
  const { exported: { codeFile, readCode } } = await importTypeScript('host/parts/read-code.ts');
  const engine = engineHere();
  const modules = new Map(engine === undefined ? [] : Object.entries(digests).map(([name, digest]) => [machineCodeName(name, digest, engine), `dist/plugins/${name}.wasm`]));
  for (const old of machineCodeIn(out).filter((file) => !modules.has(file))) rmSync(`${out}/${old}`);
  for (const [file, module] of modules) {
    if (readCode(file) !== undefined) continue;
    const code = codeOf(module);
    if (code) writeFile(`${out}/${file}`, codeFile(code));
  }
}

/** Names of files. */
export const machineCodeIn = (folder) => readdirSync(folder).filter((file) => /-[0-9a-f]{16}-[0-9a-f]{16}\.code$/.test(file));

function codeOf(module) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['host/build/make-machine-code.mjs'], { input: readFileSync(module), env: {}, maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return stdout;
  process.stderr.write(`build: no machine code of ${module}, calls will compile it: ${stderr.toString().trim().split('\n')[0]}\n`);
}
