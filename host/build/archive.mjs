// Builds the archive for nodes that have Node: what dist/ holds, with the launcher and the native part of one processor. From the same dist/ it
// is the same to the byte, whoever makes it and when.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { writeFile } from '../../plugins-as/sdk/tool/write-file.mjs';
import { launcherToMove } from './launcher.mjs';
import { koffiPath } from './host.mjs';
import { versionAnswers } from './versions.mjs';

/** The host itself is dist/lib; these are as they are in the repository: what an operator needs, and what the pages link to. */
const DOCUMENTS = [
  'LICENSE', 'README.md', 'RATIONALE.md', 'CONTRIBUTING.md', 'docs', 'test/parity/differences.md', 'plugins-as/sdk/README.md', 'abi/README.md', 'abi/schema', 'conf/10-blue.conflist', 'conf/99-loopback.conf', 'conf/systemd',
];
/** Order, times, owners and modes are the archive's own. */
const TAR = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', '--format=ustar', '--use-compress-program=gzip -9n'];

/**
 * @param {string} out the file to write
 * @param {string} arch of the node it is for
 * @param {string} top the one folder in it
 * @param {readonly string[]} plugins names of the executables, without cni-wasm
 */
export async function buildArchive(out, arch, top, plugins) {
  const temporary = mkdtempSync(join(tmpdir(), 'cni-wasm-archive-'));
  try {
    const root = join(temporary, top);
    const versions = await versionAnswers(plugins);
    const launcher = launcherToMove(arch, versions);
    for (const name of Object.keys(versions)) writeFile(join(root, 'bin', name), launcher, 0o755);
    // V8's code is for the processor that it was made on.
    const parts = readdirSync('dist/lib').filter((file) => file !== 'koffi.node' && (arch === process.arch || !file.endsWith('.code')));
    for (const file of parts) cpSync(join('dist/lib', file), join(root, 'lib', file));
    writeFile(join(root, 'lib/koffi.node'), readFileSync(koffiPath(arch, 'linux')));
    for (const name of plugins) cpSync(`dist/plugins/${name}.wasm`, join(root, 'plugins', `${name}.wasm`));
    for (const document of [...DOCUMENTS, ...plugins.map((name) => `plugins-as/${name}/README.md`)]) cpSync(document, join(root, document), { recursive: true });
    mkdirSync(dirname(out), { recursive: true });
    execFileSync('tar', [...TAR, '-cf', out, '-C', temporary, top]);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
