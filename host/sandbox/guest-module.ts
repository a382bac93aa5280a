// A compiled module with what V8 tells of it, which V8 lists anew each time it is asked.
// SPDX-License-Identifier: Apache-2.0

import { checkFunctions } from './compile-limit.ts';
import { meter } from './meter.ts';

export interface GuestModule {
  readonly code: WebAssembly.Module;
  /** built with the host, so that one instance can serve several runs (instances.ts) */
  readonly isOurs: boolean;
  readonly imports: readonly WebAssembly.ModuleImportDescriptor[];
  /** name → kind */
  readonly exports: ReadonlyMap<string, WebAssembly.ImportExportKind>;
}

export const guestModule = (code: WebAssembly.Module): GuestModule => ({
  code, isOurs: false, imports: WebAssembly.Module.imports(code), exports: new Map(WebAssembly.Module.exports(code).map(({ name, kind }) => [name, kind])),
});

/** Throws V8's CompileError. */
export const compileModule = (bytes: Uint8Array): GuestModule => guestModule(new WebAssembly.Module(bytes as BufferSource));

/** What can be run, of a module that compiles: only with the count in it can it be stopped. Throws UnknownInstruction and TooMuchToCompile. */
export function compileMetered(bytes: Uint8Array): GuestModule {
  const metered = meter(bytes);
  checkFunctions(metered);
  return compileModule(metered);
}
