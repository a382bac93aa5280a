#!/usr/bin/env node
// The program `cni-wasm-sdk`: makes a module of a plugin's folder, or stamps a module that another compiler made.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { compile } from './compile.mjs';
import { stamp } from './stamp.mjs';
import { writeFile } from './write-file.mjs';

const USAGE = `cni-wasm-sdk build FOLDER [-o OUT.wasm]
    compile FOLDER/index.ts and put FOLDER/manifest.json into the module
cni-wasm-sdk stamp MODULE.wasm MANIFEST.json -o OUT.wasm
    put a manifest into a module made by any other compiler
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`cni-wasm-sdk: ${error.message}\n`);
  process.exitCode = 1;
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } } });
  const [verb, input, manifest] = positionals;
  if (values.help) return void process.stdout.write(USAGE);
  if (verb === 'build' && input && !manifest) return build(input, values.out ?? `${basename(resolve(input))}.wasm`);
  if (verb === 'stamp' && manifest && values.out) return write(values.out, readFileSync(input), readFileSync(manifest, 'utf8'));
  throw new Error(`cannot make sense of "${process.argv.slice(2).join(' ')}"; usage:\n${USAGE}`);
}

async function build(folder, out) {
  const manifest = readFileSync(join(folder, 'manifest.json'), 'utf8');
  write(out, (await compile(folder)).bytes, manifest);
}

function write(out, wasm, manifest) {
  const bytes = stamp(wasm, manifest);
  writeFile(out, bytes);
  process.stdout.write(`${out}: ${bytes.length} bytes\n`);
}
