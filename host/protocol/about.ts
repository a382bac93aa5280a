// What a person sees who runs a plugin by hand.
// SPDX-License-Identifier: Apache-2.0

import { VERSION } from '../version.ts';
import { VERSIONS } from './versions.ts';

/** To stderr, exit code 0, as the reference plugins do without CNI_COMMAND. Under its own name, which none of them has, the way to the command for people. */
export function about(calledAs: string): number {
  process.stderr.write(`CNI ${calledAs} plugin ${VERSION} (cni-wasm)\nCNI protocol versions supported: ${VERSIONS.join(', ')}\n${calledAs === 'cni-wasm' ? 'For people: cni-wasm --help\n' : ''}`);
  return 0;
}
