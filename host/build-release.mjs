// Builds what is given to nodes, in dist/release/: an archive and a single-file executable for each processor.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { buildExecutable } from './build-executable.mjs';

const ARCHITECTURES = ['x64', 'arm64'];

/** After the build, from what is in dist/. */
export async function buildRelease(digests, say) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const arch of ARCHITECTURES) {
    const name = `dist/release/cni-wasm-${version}-linux-${arch}`;
    await buildExecutable(name, arch, digests);
    say(`built ${name}`);
  }
}
