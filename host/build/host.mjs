// Builds the host: its bundle, what it loads only when a call needs it, and the programs a runtime executes.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import * as esbuild from 'esbuild';

import { writeFile } from '../../plugins-as/sdk/tool/write-file.mjs';
import { launcherText } from './launcher.mjs';
import { writeMachineCode } from './machine-code.mjs';
import { writeProgram } from './program.mjs';
import { fetchPackage } from './fetch-package.mjs';
import { versionAnswers } from './versions.mjs';

export const OUT = 'dist/lib';
/** Loaded by `require` at run time from the folder of the bundle. */
const BESIDE = ['./*.cjs', './*.node'];
/** Hosts of their own, not for calls: that of the command for people, that of `cni-wasm plan`, with the fake kernel, and the resident one, read by `cni-wasm serve` alone. */
const HOSTS = { 'host/cli/cli.ts': 'cli.cjs', 'host/cli/plan.ts': 'plan.cjs', 'host/cli/serve.ts': 'serve.cjs' };
/** What does calls: of the one-shot host, and of the resident host's threads, which only the host they were built with finds. They come with V8's code for them. */
const CALLS = { 'host/main.ts': { file: 'host.cjs', name: 'call' }, 'host/resident/answer-calls.ts': { name: 'thread' } };
/** Programs for people; they run from the repository, so their packages stay where they are. */
const PROGRAMS = { 'conf/demo.ts': 'dist/demo.mjs', 'test/bench/bench.ts': 'dist/bench.mjs' };

/** They are modules, which have no `require`; the host's code in them takes it for given. */
const REQUIRE = "import { createRequire as requireBeside } from 'node:module'; const require = requireBeside(import.meta.url);";

export async function buildHost(digests) {
  const define = defineFor(digests);
  const programs = Object.entries(PROGRAMS).filter(([entry]) => existsSync(entry)).map(([entry, outfile]) => bundle(entry, { outfile, format: 'esm', packages: 'external', banner: { js: REQUIRE }, define, minifyWhitespace: false, minifySyntax: false }));
  for (const { path, contents } of (await Promise.all(programs)).flat()) writeFile(path, contents);
  await buildParts(OUT, digests, { hosts: HOSTS, calls: CALLS, start: 'host/start.ts', conditions: [] });
  await writeMachineCode(OUT, digests);
  writeFile(`${OUT}/koffi.node`, readFileSync(koffiPath(process.arch, ownLibc())));
  layOutLaunchers(await versionAnswers(Object.keys(digests)));
}

const defineFor = (digests) => ({ BUILTIN_DIGESTS: JSON.stringify(digests) });

/** What the single-file executable embeds; a resident host is none of it. Nothing in `out` may be from before. */
export const buildEmbedded = (out, digests) => buildParts(out, digests, {
  hosts: { 'host/cli/cli.ts': 'cli.cjs', 'host/cli/plan.ts': 'plan.cjs' }, calls: { 'host/main.ts': CALLS['host/main.ts'] }, start: 'host/start-embedded.ts', conditions: ['embedded'],
});

/** `conditions` decide where the parts will find each other: package.json, `#parts`. */
async function buildParts(out, digests, { hosts, calls, start, conditions }) {
  const define = defineFor(digests);
  const startWith = async (define) => (await bundle(start, { outfile: `${out}/start.cjs`, define, conditions }))[0].text;
  const started = {};
  for (const [entry, names] of Object.entries(calls).filter(([entry]) => existsSync(entry))) {
    const [map, program] = await bundle(entry, { outfile: `${out}/${names.name}.cjs`, sourcemap: 'external', define, conditions });
    started[names.name] = await writeProgram(out, names, { source: program.text, map: map.text }, startWith);
  }
  const knowing = { ...define, THREAD: JSON.stringify(started.thread ?? '') };
  const outputs = await Promise.all([
    ...Object.entries(hosts).filter(([entry]) => existsSync(entry))
      .map(([entry, file]) => bundle(entry, { outfile: `${out}/${file}`, sourcemap: 'linked', define: knowing, conditions })),
    ...readdirSync('host/side').map((file) => bundle(`host/side/${file}`, { outfile: `${out}/${file.replace(/\.ts$/, '.cjs')}` })),
  ]);
  for (const { path, contents } of outputs.flat()) writeFile(path, contents);
}

/** CommonJS because Node starts it 3 to 6 ms sooner than a module; names are kept for stack traces. */
async function bundle(entry, options) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry], bundle: true, write: false, platform: 'node', target: 'node20', format: 'cjs', external: BESIDE,
    minifyWhitespace: true, minifySyntax: true, legalComments: 'none', logLevel: 'warning', ...options,
  });
  return outputFiles;
}

/** koffi's own loader costs 6 to 15 ms; the library behind it can be loaded directly. That of another processor is not in node_modules. */
export function koffiPath(arch, libc) {
  const place = `node_modules/@koromix/koffi-linux-${arch}`;
  const { version, integrity } = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages[place];
  const folder = existsSync(place) ? place : fetchPackage(place.slice('node_modules/'.length), version, integrity);
  return `${folder}/${libc}_${arch}/koffi.node`;
}

const ownLibc = () => (process.report.getReport().header.glibcVersionRuntime ? 'linux' : 'musl');

function layOutLaunchers(versions) {
  const text = launcherText(process.execPath, resolve(OUT, 'host.cjs'), versions);
  const names = Object.keys(versions);
  for (const name of names) writeFile(`dist/bin/${name}`, text, 0o755);
  for (const name of readdirSync('dist/bin').filter((name) => !names.includes(name))) rmSync(`dist/bin/${name}`);
}
