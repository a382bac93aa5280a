// Builds the generated files: everything that abi/ops.ts decides, in the places where it is read.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';

import { importTypeScript } from '../host/build/import-typescript.mjs';
import { writeFile } from '../plugins-as/sdk/tool/write-file.mjs';

const README = 'abi/README.md';

/** Returns the paths it changed. */
export async function writeGenerated() {
  const { files, leftOver } = await generated();
  for (const path of leftOver) rmSync(path);
  return [...[...files].filter(([path, text]) => writeFile(path, text)).map(([path]) => path), ...leftOver];
}

/** The paths that writeGenerated would change. */
export async function staleFiles() {
  const { files, leftOver } = await generated();
  const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text).map(([path]) => path);
  return [...stale, ...leftOver];
}

async function generated() {
  const { exported: { generate, OWNED_FOLDERS } } = await importTypeScript('abi/generate/generate.ts');
  const files = generate(readFileSync(README, 'utf8'));
  const present = OWNED_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  return { files, leftOver: present.filter((path) => !files.has(path)) };
}
