// For the build, which takes some of what it needs from the host's own source. Node 20 does not read TypeScript; a bundle is small enough to be imported
// from its own text.
// SPDX-License-Identifier: Apache-2.0

import * as esbuild from 'esbuild';

/** Returns what `entry` exports, and the files it was made from. */
export async function importTypeScript(entry) {
  const { outputFiles, metafile } = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, metafile: true, format: 'esm', platform: 'node' });
  const exported = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  return { exported, inputs: Object.keys(metafile.inputs) };
}
