// The modules that ship with the host: their digests are part of the bundle, so a fresh installation needs no lock file.
// SPDX-License-Identifier: Apache-2.0

import { CniError } from '../cni-error.ts';
import { engineHere } from '../engine.ts';
import { once } from '../once.ts';
import { readCode } from '../parts/read-code.ts';
import { machineCodeName, restore } from '../sandbox/machine-code.ts';
import { verifiedBytes, type Builtins } from './find-module.ts';
import { moduleSource } from '#parts';

/** Defined by esbuild when it bundles. */
declare const BUILTIN_DIGESTS: Readonly<Record<string, string>>;

export const builtins = (compiled = fromMachineCode()): Builtins => ({ source: moduleSource, digests: BUILTIN_DIGESTS, compiled });

/** By name, for the threads of a resident host, which may not take machine code themselves. What cannot be read is left to the call that needs it. */
export function compiledBuiltins(): ReadonlyMap<string, WebAssembly.Module> {
  const { compiled } = builtins();
  const modules = new Map<string, WebAssembly.Module>();
  for (const [name, digest] of Object.entries(BUILTIN_DIGESTS)) {
    try {
      const module = compiled(name, verifiedBytes({ name, digest, builtin: true, source: moduleSource(name) }));
      if (module) modules.set(name, module);
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
    }
  }
  return modules;
}

/** What it gives is undefined where no code was made for this V8, or none that it takes. */
function fromMachineCode(): Builtins['compiled'] {
  const engine = once(engineHere);
  const restored = once(restore);
  return (name, bytes) => {
    const own = engine();
    const code = own === undefined ? undefined : readCode(machineCodeName(name, BUILTIN_DIGESTS[name]!, own));
    return code && restored()(code, bytes);
  };
}
