// `npm test`: generated files, types, then every test/**/*.test.ts whose path holds an argument, each in a process of its own.
// Some of those that need a kernel are played a second time with a resident host; CNI_WASM_TEST_MODE=resident plays only that.
// The last line is "N passed, N failed". CNI_WASM_REQUIRE_ALL=1 makes a test that cannot run here a failure.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

import { wholeNode } from '../host/build/executable.mjs';
import { moduleDigests } from '../plugins-as/build.mjs';
import { needsKernel, runFile, whyNoKernel } from './support/run-file.mjs';

const OUT = 'dist/test';
/** The host is CommonJS and loads what lies beside its bundle by `require`; tests are modules, which have none. */
const REQUIRE = "import { createRequire as requireBeside } from 'node:module'; globalThis.require ??= requireBeside(`${process.cwd()}/dist/lib/host.cjs`);";
/**
 * Played through a resident host as well: whatever a runtime and an attacker can see of a host. Not killed-*, which kill what a runtime executes at each
 * of its system calls: here that is a launcher, which changes nothing. Launchers and hosts that are killed are in e2e/resident.
 */
const RESIDENT = /^test\/e2e\/(attach|bad-input|concurrent|hostile|like-reference|recorded-calls|traffic)\.test\.ts$/;
const SINGLE_FILE = 'test/e2e/single-file.test.ts';
const ONLY_RESIDENT = process.env.CNI_WASM_TEST_MODE === 'resident';
const REQUIRE_ALL = process.env.CNI_WASM_REQUIRE_ALL === '1';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await main(process.argv.slice(2));

async function main(filters) {
  const files = readdirSync('test', { recursive: true }).filter((path) => path.endsWith('.test.ts')).map((path) => `test/${path}`)
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter))).sort();
  if (files.length === 0) return fail(`no test file's path contains ${filters.map((filter) => `"${filter}"`).join(' or ')}`);
  rmSync(OUT, { recursive: true, force: true });
  if (files.includes(SINGLE_FILE)) fetchWholeNode();
  const checks = filters.length > 0 ? [] : [check('generated files', 'node', 'build.mjs', '--check'), check('types', 'node_modules/.bin/tsc', '-p', '.')];
  const results = [...checks, ...await runAll(playsOf(files, filters.length === 0))];
  summarize(results);
}

function fail(why) {
  process.stderr.write(`test: ${why}\n`);
  process.exitCode = 1;
}

/** While there is a network, which the namespaces of tests have not. */
function fetchWholeNode() {
  try {
    wholeNode(process.arch);
  } catch {
    // The test says that there is none.
  }
}

/** Whoever names files plays them one way; all of `npm test` plays those of RESIDENT both ways. */
function playsOf(files, everything) {
  const resident = files.filter((file) => RESIDENT.test(file) || (!everything && /^test\/(e2e|parity)\//.test(file))).map((file) => ({ file, mode: 'resident' }));
  if (ONLY_RESIDENT) return resident;
  return [...files.map((file) => ({ file, mode: 'one-shot' })), ...(everything ? resident : [])];
}

function check(file, program, ...args) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  const failed = status === 0 ? 0 : 1;
  return report({ file, passed: 1 - failed, failed, skipped: 0, reasons: [], output: stdout + stderr, ms: Math.round(performance.now() - started) });
}

/** The slow ones first, so that no core waits for the last of them. */
async function runAll(plays) {
  const noKernel = plays.some(({ file }) => needsKernel(file)) ? whyNoKernel() : undefined;
  const queue = [...plays].sort((a, b) => Number(needsKernel(b.file)) - Number(needsKernel(a.file)));
  const results = [];
  const worker = async () => {
    for (let play = queue.shift(); play; play = queue.shift()) results.push(report(await run(play, needsKernel(play.file) ? noKernel : undefined)));
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return results;
}

async function run({ file: source, mode }, whyNot) {
  const file = mode === 'resident' ? `${source} (resident)` : source;
  if (whyNot) return { file, passed: 0, failed: 0, skipped: 1, reasons: [whyNot], output: '', ms: 0 };
  try {
    return { ...await runFile(source, await bundle(source, mode), mode), file };
  } catch (error) {
    return { file, passed: 0, failed: 1, skipped: 0, reasons: [], output: error.message, ms: 0 };
  }
}

async function bundle(file, mode) {
  const outfile = `${OUT}/${mode}/${file.slice('test/'.length).replace(/\.ts$/, '.mjs')}`;
  await esbuild.build({
    entryPoints: [file], outfile, bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', external: ['./*.cjs', './*.node'],
    sourcemap: 'inline', logLevel: 'silent', banner: { js: REQUIRE }, define: { BUILTIN_DIGESTS: JSON.stringify(moduleDigests()) },
  });
  return outfile;
}

function report(result) {
  const { file, passed, failed, skipped, ms } = result;
  const counts = [`${passed} passed`, ...(failed > 0 ? [`${failed} FAILED`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ');
  console.log(`${file.padEnd(48)} ${counts.padEnd(28)} ${String(ms).padStart(6)} ms`);
  if (failed > 0) console.log(`${result.output.trimEnd()}\n${result.ended ? `--- ${file} ${result.ended}\n` : ''}`);
  return result;
}

function summarize(results) {
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  const skipped = results.flatMap(({ file, reasons }) => reasons.map((reason) => `skipped in ${file}: ${reason}`));
  const failed = total('failed') + (REQUIRE_ALL ? total('skipped') : 0);
  for (const line of [...skipped, ...results.flatMap(failures), ...(failed > 0 ? [machine()] : [])]) console.log(line);
  if (failed > 0) process.exitCode = 1;
  const rest = REQUIRE_ALL || total('skipped') === 0 ? '' : `, ${total('skipped')} skipped`;
  console.log(`${total('passed')} passed, ${failed} failed${rest}`);
}

/** Where a log is cut, its end is what stays: what failed is said once more there, without stacks and in short. */
function failures({ file, failed, output }) {
  if (failed === 0) return [];
  const tests = [...output.matchAll(/^\s*FAIL\s+(.+)\n([^]*?)\n\s+at /gm)].map(([, test, why]) => `  ${test}: ${why.replace(/\s+/g, ' ').trim().slice(0, 400)}`);
  return [`failed: ${file}`, ...tests];
}

/** What tests cannot choose, and what a new network namespace takes from the machine. */
function machine() {
  const of = (name) => existsSync(`/proc/sys/net/ipv4/${name}`) ? readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim() : '-';
  const taken = ['ip_forward', 'conf/all/route_localnet', 'conf/default/route_localnet', 'conf/default/rp_filter', 'conf/all/promote_secondaries'].map((name) => `${name} ${of(name)}`);
  return `on this machine: Linux ${release()}, node ${process.version}, ${availableParallelism()} cores, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}, net.ipv4: ${taken.join(', ')}`;
}
