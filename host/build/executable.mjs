// Builds the single-file executable: a Node binary with the host, its modules and its native part inside (Node's "single executable application").
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as sea from 'node:sea';
import { inject } from 'postject';

import { writeFile } from '../../plugins-as/sdk/tool/write-file.mjs';
import { buildEmbedded, koffiPath, OUT } from './host.mjs';
import { fetchPackage } from './fetch-package.mjs';
import { machineCodeIn } from './machine-code.mjs';

/** Node looks for this in itself and takes the digit behind it as the answer to "is there anything embedded?". */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** What embedded.ts loads its parts from: no maps of sources. */
const isPart = (file) => !file.endsWith('.map') && file !== 'host.cjs';

/**
 * @param {string} out the file to write
 * @param {string} arch of the node it is for
 * @param {Record<string, string>} digests of the modules in dist/plugins
 */
export async function buildExecutable(out, arch, digests) {
  if (!('getRawAsset' in sea)) throw new Error(`Node.js ${process.version} cannot embed files: use 20.12 or later`);
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-executable-'));
  try {
    await buildEmbedded(folder, digests);
    const own = readdirSync(folder).filter(isPart).map((file) => join(folder, file));
    // V8's code is for the processor that it was made on.
    const parts = [...own, ...machineCodeIn(OUT).map((file) => join(OUT, file))].filter((file) => arch === process.arch || !file.endsWith('.code'));
    const assets = [...parts, ...Object.keys(digests).map((name) => `dist/plugins/${name}.wasm`), koffiPath(arch, 'linux')];
    const blob = join(folder, 'blob');
    const config = { main: join(folder, 'host.cjs'), output: blob, disableExperimentalSEAWarning: true, assets: Object.fromEntries(assets.map((file) => [basename(file), file])) };
    writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
    execFileSync(process.execPath, ['--experimental-sea-config', join(folder, 'sea.json')], { stdio: ['ignore', 'ignore', 2] });
    const executable = join(folder, 'executable');
    writeFileSync(executable, readFileSync(wholeNode(arch)));
    await inject(executable, 'NODE_SEA_BLOB', readFileSync(blob), { sentinelFuse: FUSE });
    writeFile(out, readFileSync(executable), 0o755);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The file of a Node that is whole in it: this one, but a distribution's may be in a library. Else the same version from npm.
 * @param {string} arch
 */
export function wholeNode(arch) {
  const isOwn = arch === process.arch && readFileSync(process.execPath).includes(FUSE);
  return isOwn ? process.execPath : join(fetchPackage(`node-linux-${arch}`, process.versions.node), 'bin/node');
}
