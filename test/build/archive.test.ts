// The archives: complete for both processors, and the same whenever they are built.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildArchive } from '../../host/build/archive.mjs';
import { koffiPath } from '../../host/build/host.mjs';
import { moduleDigests } from '../../plugins-as/build.mjs';
import { skip } from '../support/node.ts';

if (spawnSync('clang', ['--version']).error && spawnSync('aarch64-linux-gnu-gcc', ['--version']).error) skip('nothing compiles a launcher for arm64: clang and lld are missing');
try {
  koffiPath('arm64', 'linux');
} catch (error) {
  skip(`koffi's native part for arm64 cannot be fetched: ${(error as Error).message}`);
}

const PLUGINS = Object.keys(moduleDigests());
/** ELF's e_machine */
const MACHINES = { x64: 62, arm64: 183 } as const;

/** Each page with the paths in the archive that it links to. */
function linksIn(archive: string, pages: readonly string[]): [page: string, path: string][] {
  return pages.flatMap((page) => [...execFileSync('tar', ['-xzOf', archive, page], { encoding: 'utf8' }).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]): [string, string] => [page, join(dirname(page), link!)]));
}

const test = suite<{ folder: string }>('archives');
test.before((context) => { context.folder = mkdtempSync(join(tmpdir(), 'archives-')); });
test.after(({ folder }) => rmSync(folder, { recursive: true }));

for (const arch of ['x64', 'arm64'] as const) {
  test(`${arch}: launchers and native part are for it, all belongs to root, and it is the same when it is built again`, async ({ folder }) => {
    const [one, two] = [join(folder, 'one.tar.gz'), join(folder, 'two.tar.gz')];
    await buildArchive(one, arch, 'cni-wasm-1', PLUGINS);
    const umask = process.umask(0o077);
    await buildArchive(two, arch, 'cni-wasm-1', PLUGINS);
    process.umask(umask);
    assert.ok(readFileSync(one).equals(readFileSync(two)));
    const lines = execFileSync('tar', ['-tvzf', one, '--numeric-owner'], { encoding: 'utf8' }).trim().split('\n');
    for (const line of lines) assert.match(line, /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) 0\/0 /);
    const names = lines.map((line) => line.split(/\s+/).at(-1)!);
    for (const name of ['LICENSE', 'bin/cni-wasm', 'lib/host.cjs', 'lib/serve.cjs', 'conf/systemd/cni-wasm.socket', 'abi/README.md', 'docs/operating.md', ...PLUGINS.flatMap((plugin) => [`bin/${plugin}`, `plugins/${plugin}.wasm`, `plugins-as/${plugin}/README.md`])]) {
      assert.ok(names.includes(`cni-wasm-1/${name}`), name);
    }
    for (const [page, link] of linksIn(one, names.filter((name) => name.endsWith('.md')))) assert.ok(names.includes(link) || names.includes(`${link}/`), `${page} links to ${link}`);
    for (const name of ['bin/bridge', 'lib/koffi.node']) {
      assert.is(execFileSync('tar', ['-xzOf', one, `cni-wasm-1/${name}`], { maxBuffer: 1e7 }).readUInt16LE(18), MACHINES[arch], name);
    }
  });
}

test.run();
