// What a person sees who runs a plugin by hand.
// SPDX-License-Identifier: Apache-2.0

import { VERSION } from '../version.ts';
import { VERSIONS } from './versions.ts';

/** To stderr, exit code 0, as the reference plugins do without CNI_COMMAND. */
export function about(calledAs: string): number {
  process.stderr.write(`CNI ${calledAs} plugin ${VERSION} (cni-wasm)\nCNI protocol versions supported: ${VERSIONS.join(', ')}\n`);
  return 0;
}
