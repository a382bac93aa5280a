// Builds what is given to nodes, in dist/release/: an archive and a single-file executable for each processor.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { buildArchive } from './archive.mjs';
import { buildExecutable } from './executable.mjs';

const ARCHITECTURES = ['x64', 'arm64'];

/** After the build, from what is in dist/. */
export async function buildRelease(digests, say) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const arch of ARCHITECTURES) {
    const file = `dist/release/cni-wasm-${version}-linux-${arch}`;
    await buildArchive(`${file}.tar.gz`, arch, `cni-wasm-${version}`, Object.keys(digests));
    await buildExecutable(file, arch, digests);
    say(`built ${file} and ${file}.tar.gz`);
  }
}
