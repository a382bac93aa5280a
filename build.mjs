// The one build: generated files → modules → host and launchers in dist/, all from what is in the repository.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const USAGE = `node build.mjs            build everything into dist/
node build.mjs --check    fail when a generated file is not what abi/ops.ts says
node build.mjs --watch    build, and again whenever a source changes
node build.mjs --release  build, and dist/release/ from that: what nodes are given, for x64 and arm64
`;
const SOURCES = ['abi', 'conf', 'host', 'plugins-as', 'test/bench'];
const SETTLE_MS = 50;

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
await main();

async function main() {
  const values = asked();
  if (!values) return void (process.exitCode = 2);
  if (values.help) return void process.stdout.write(USAGE);
  installDependencies();
  if (values.check) return check();
  const digests = await build();
  if (values.release) await release(digests);
  if (values.watch) buildOnChange();
}

/** Undefined, once it has been said, for what is no option of ours. */
function asked() {
  try {
    return parseArgs({ options: { check: { type: 'boolean' }, release: { type: 'boolean' }, watch: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    process.stderr.write(`build: ${error.message}\n\n${USAGE}`);
    return undefined;
  }
}

/** The parts are imported late: they need the dependencies. */
async function build() {
  const { writeGenerated } = await import('./abi/build.mjs');
  const { buildModules } = await import('./plugins-as/build.mjs');
  const { buildHost } = await import('./host/build/host.mjs');
  const started = performance.now();
  const written = await writeGenerated();
  if (written.length > 0) say(`generated ${written.length} files: ${written.slice(0, 3).join(', ')}${written.length > 3 ? ', …' : ''}`);
  const digests = await buildModules((name, ms) => say(`compiled dist/plugins/${name}.wasm in ${Math.round(ms)} ms`));
  await buildHost(digests);
  say(`built in ${Math.round(performance.now() - started)} ms`);
  return digests;
}

async function release(digests) {
  const { buildRelease } = await import('./host/build/release.mjs');
  await buildRelease(digests, say);
}

async function check() {
  const { staleFiles } = await import('./abi/build.mjs');
  const stale = await staleFiles();
  for (const path of stale) say(`${path} is not what abi/ops.ts says: run node build.mjs`);
  if (stale.length > 0) process.exitCode = 1;
  else say('generated files are up to date');
}

/** Compares versions, not times: a checkout makes the lock newer without changing it. */
function installDependencies() {
  const wanted = Object.entries(packagesOf('package-lock.json')).filter(([path, { optional }]) => path !== '' && !optional);
  const installed = existsSync('node_modules/.package-lock.json') ? packagesOf('node_modules/.package-lock.json') : {};
  const missing = wanted.filter(([path, { version }]) => installed[path]?.version !== version);
  if (missing.length === 0) return;
  say(`installing dependencies: ${missing.length} are missing or have another version`);
  execFileSync('npm', ['ci', '--include=dev'], { stdio: ['ignore', 2, 2] });
}

function packagesOf(lock) {
  return JSON.parse(readFileSync(lock, 'utf8')).packages;
}

/** One build at a time; editors write a file in several steps, so a change is let settle. */
function buildOnChange() {
  let due;
  let running = Promise.resolve();
  const rebuild = () => { running = running.then(build).catch((error) => say(error.message)); };
  for (const folder of SOURCES.filter(existsSync)) {
    watch(folder, { recursive: true }, () => {
      clearTimeout(due);
      due = setTimeout(rebuild, SETTLE_MS);
    });
  }
  say('watching');
}

function say(text) {
  process.stderr.write(`build: ${text}\n`);
}
