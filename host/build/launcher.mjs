// Builds what a runtime executes: a static program where there is a C compiler, else the shell script that does the same without a resident host.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** clang compiles for every processor; it knows -no-pie by another name. */
const LLVM = '-fuse-ld=lld -Wno-unused-command-line-argument';
/** For each processor, what may compile for it; `CC` goes first for the one this machine has. */
const COMPILERS = {
  x64: ['x86_64-linux-gnu-gcc', `clang --target=x86_64-linux-gnu ${LLVM}`],
  arm64: ['aarch64-linux-gnu-gcc', `clang --target=aarch64-linux-gnu ${LLVM}`],
};
const FLAGS = [
  '-Os', '-Wall', '-Wextra', '-ffreestanding', '-nostdlib', '-nostartfiles', '-static', '-fno-builtin', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-pie', '-no-pie',
  '-Wl,--build-id=none', '-Wl,-z,noexecstack', '-s',
];
/** launcher.c: PATH_BYTES, VERSIONS_BYTES */
const [PATH_BYTES, VERSIONS_BYTES] = [1024, 4096];

/**
 * @param {Record<string, string>} versions what each of our plugins answers to VERSION: a line of JSON
 * @returns {string | Buffer} a program that becomes `host` by `node` when no resident host answers
 */
export function launcherText(node, host, versions) {
  const program = compileLauncher(process.arch);
  if (program) return filled(program, node, host, versions);
  const cases = Object.entries(versions).map(([name, answer]) => `  ${name}) printf '%s\\n' ${shellWord(answer.trimEnd())}; exit ;;`).join('\n');
  return readFileSync('host/launcher.sh', 'utf8').replace('@NODE@', () => shellWord(node)).replace('@HOST@', () => shellWord(host)).replace('@VERSIONS@', () => cases);
}

/** A program for nodes of which nothing is known: it finds the host beside itself, and node where node is. */
export function launcherToMove(arch, versions) {
  const program = compileLauncher(arch);
  if (!program) throw new Error(`nothing here compiles the launcher for ${arch}: install clang and lld, or a gcc for it`);
  return filled(program, '', '', versions);
}

/** For one kind of processor; undefined where nothing here compiles for it. */
export function compileLauncher(arch) {
  const own = arch === process.arch ? [process.env.CC, 'cc'].filter(Boolean) : [];
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-launcher-'));
  try {
    const out = join(folder, 'launcher');
    for (const compiler of [...own, ...(COMPILERS[arch] ?? [])]) {
      const [program, ...args] = compiler.split(' ');
      const { status } = spawnSync(program, [...args, ...FLAGS, '-o', out, 'host/launcher.c'], { stdio: ['ignore', 'ignore', 'inherit'] });
      if (status === 0) return readFileSync(out);
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filled(program, node, host, versions) {
  const lines = Object.entries(versions).map(([name, answer]) => `${name} ${answer}`).join('');
  return [['@NODE@', node, PATH_BYTES], ['@HOST@', host, PATH_BYTES], ['@VERSIONS@', lines, VERSIONS_BYTES]].reduce((filled, [place, text, size]) => withText(filled, place, text, size), program);
}

/** Without a text too long for its place it goes as well: the path is looked for where it usually is, the host says what it speaks. */
function withText(program, place, text, size) {
  const at = program.indexOf(place);
  const bytes = Buffer.from(`${text}\0`);
  const patched = Buffer.from(program);
  patched.fill(0, at, at + size);
  if (bytes.length <= size) bytes.copy(patched, at);
  return patched;
}

const shellWord = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
