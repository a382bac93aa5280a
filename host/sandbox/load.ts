// Bytes → a compiled module. Compiling is the most expensive step of a call, so a host that stays keeps what it compiled.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { reason } from '../protocol/go-json.ts';

/** by digest; belongs to the process that runs calls */
export type CompiledModules = Map<string, WebAssembly.Module>;

/** Throws code 100 for bytes that are no module. */
export function load(bytes: Uint8Array, digest: string, compiled: CompiledModules): WebAssembly.Module {
  const known = compiled.get(digest);
  if (known) return known;
  try {
    const module = new WebAssembly.Module(bytes as BufferSource);
    compiled.set(digest, module);
    return module;
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `${digest} is no WebAssembly module this host can run: ${reason(error)}`, { cause: error });
  }
}
