// Builds the modules: each folder here that has a manifest.json becomes dist/plugins/<folder>.wasm.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';

import { importTypeScript } from '../host/build/import-typescript.mjs';
import { addReset } from './add-reset.mjs';
import { compile } from './sdk/tool/compile.mjs';
import { stamp } from './sdk/tool/stamp.mjs';
import { writeFile } from './sdk/tool/write-file.mjs';

const HERE = 'plugins-as';
const OUT = 'dist/plugins';

/** Returns name → digest. A module is compiled only when something it was made from has changed. */
export async function buildModules(compiled) {
  const digests = {};
  const meter = await importTypeScript('host/sandbox/meter.ts');
  for (const name of pluginNames()) digests[name] = cached(name) ?? await build(name, meter, compiled);
  for (const file of existsSync(OUT) ? readdirSync(OUT) : []) if (!(file.replace(/\.wasm$/, '') in digests)) rmSync(`${OUT}/${file}`);
  return digests;
}

/** What was built last, for tests that contain the host. */
export function moduleDigests() {
  return Object.fromEntries(pluginNames().filter((name) => existsSync(moduleOf(name))).map((name) => [name, digestOf([moduleOf(name)])]));
}

/** Folders with `_` in front are templates. */
function pluginNames() {
  return readdirSync(HERE).filter((name) => !name.startsWith('_') && existsSync(manifestOf(name))).sort();
}

/** The host's count is in it from here on, so that a call need not put it in. */
async function build(name, meter, compiled) {
  const started = performance.now();
  const { bytes, inputs } = await compile(`${HERE}/${name}`);
  writeFile(moduleOf(name), stamp(addReset(meter.exported.meter(bytes)), readFileSync(manifestOf(name), 'utf8')));
  const from = [...inputs.map((path) => relative('.', path)), ...meter.inputs, manifestOf(name), 'package-lock.json', ...toolFiles()];
  const digest = digestOf([moduleOf(name)]);
  writeFile(recordOf(name), JSON.stringify({ from, inputs: inputsOf(from), digest }));
  compiled(name, performance.now() - started);
  return digest;
}

function cached(name) {
  if (!existsSync(recordOf(name))) return undefined;
  const { from, inputs, digest } = JSON.parse(readFileSync(recordOf(name), 'utf8'));
  return inputsOf(from) === inputs && digestOf([moduleOf(name)]) === digest ? digest : undefined;
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(existsSync(path) ? readFileSync(path) : 'not there');
  return `sha256:${hash.digest('hex')}`;
}

const inputsOf = (from) => digestOf([...from, `${HERE}/build.mjs`, `${HERE}/add-reset.mjs`]);
const toolFiles = () => readdirSync(`${HERE}/sdk/tool`).map((name) => `${HERE}/sdk/tool/${name}`);
const manifestOf = (name) => `${HERE}/${name}/manifest.json`;
const moduleOf = (name) => `${OUT}/${name}.wasm`;
const recordOf = (name) => `dist/.cache/${name}.json`;
