// A Node that is too old for the host, said before anything is begun. Debian 12 has 18, which loads all of it and misses a function half way through an
// ADD, and then the one that would take it back.
// SPDX-License-Identifier: Apache-2.0

import { writeSync } from 'node:fs';
import { CODE } from './cni-error.ts';

/** `engines` in package.json */
const OLDEST = 20;

/** Of what this process was started for: a call by a runtime is answered with a document, people get a sentence. */
export function refuseOldNode(words: readonly string[], { version, execPath, env }: Pick<typeof process, 'version' | 'execPath' | 'env'> = process): void {
  if (Number.parseInt(version.slice(1), 10) >= OLDEST) return;
  const msg = `cni-wasm: "${execPath}" is Node.js ${version}: install ${OLDEST} or later, or the single-file executable, which needs none`;
  if (words.length > 0) writeSync(2, `${msg}\n`);
  else writeSync(1, `${JSON.stringify({ cniVersion: '1.1.0', code: env['CNI_COMMAND'] === 'STATUS' ? CODE.notAvailable : CODE.hostInternal, msg })}\n`);
  process.exit(1);
}
