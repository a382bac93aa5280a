// Runs one bundled test file in a process of its own, those that need a kernel in namespaces of their own, and reads what it says.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';

/** `npm run fuzz` takes the time it takes. */
const MS = process.env.FUZZ_RUNS ? 7_200_000 : 600_000;
const NAMESPACES = ['--mount', '--net', '--propagation', 'private', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user'])];
const OWN_NODE = ['unshare', ...NAMESPACES, 'sh', 'test/support/in-own-node.sh'];

/** Groups of processes that must not outlive the runner. */
const running = new Set();
process.on('exit', () => running.forEach(endGroup));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export const needsKernel = (file) => /^test\/(kernel|e2e|hostile|parity)\//.test(file);

/** Why this machine cannot run tests that need a kernel; undefined when it can. */
export function whyNoKernel() {
  const { status, error, stderr } = spawnSync(OWN_NODE[0], [...OWN_NODE.slice(1), 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `cannot make namespaces: ${error?.message ?? stderr.trim()}`;
}

/**
 * @param {string} file its source, for messages
 * @param {string} bundle what is run
 * @param {'one-shot' | 'resident'} mode who answers the plugins' calls
 */
export async function runFile(file, bundle, mode) {
  const started = performance.now();
  const node = [process.execPath, '--enable-source-maps', bundle];
  const [program, ...args] = needsKernel(file) ? [...OWN_NODE, ...node] : node;
  const { output, ended } = await outputOf(program, args, MS, mode);
  return { file, output, ms: Math.round(performance.now() - started), ...countsOf(output, ended) };
}

/** A group of processes of its own, so that a test that hangs is ended with everything it started. */
function outputOf(program, args, timeout, mode) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: environment(mode) });
    if (child.pid !== undefined) running.add(child.pid);
    const chunks = [];
    let ended;
    const timer = setTimeout(() => {
      ended = `no end after ${timeout / 1000} s`;
      endGroup(child.pid);
    }, timeout);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => { ended = error.message; });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child.pid);
      ended ??= code === 0 ? undefined : `ended with ${signal ?? code}`;
      resolve({ output: Buffer.concat(chunks).toString(), ended });
    });
  });
}

function endGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** What would change how node starts or what the host does is not the test's. */
function environment(mode) {
  const kept = Object.entries(process.env).filter(([key]) => !/^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|CNI_(?!WASM_REQUIRE_ALL).*)$/.test(key));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', CNI_WASM_TEST_ROOT: process.getuid() === 0 ? 'real' : 'mapped', CNI_WASM_TEST_MODE: mode };
}

/** uvu's totals; a file that ended badly without a failed test, or without any totals, is one failure. */
function countsOf(output, ended) {
  const sum = (word) => [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((total, [, count]) => total + Number(count), 0);
  const reasons = [...output.matchAll(/^SKIP (.+)$/gm)].map(([, reason]) => reason);
  const passed = sum('Passed');
  const skipped = Math.max(sum('Skipped'), reasons.length);
  const failed = sum('Total') - passed;
  const silent = sum('Total') + skipped === 0;
  return { passed, skipped, reasons, failed: failed > 0 ? failed : ended || silent ? 1 : 0, ended };
}
