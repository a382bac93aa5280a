// Instances of our own modules serve one run after the other: a new one costs 0.1 to 0.15 ms, and V8 keeps it, with its memory, among its old
// objects until it looks through all of those. A run finds what a new instance has: memory and globals are put back. An instance whose memory has
// grown, or whose run did not come to its end, serves no more. Modules of others get a new one for each run.
// SPDX-License-Identifier: Apache-2.0

import type { Imports } from './bind-imports.ts';
import type { GuestModule } from './guest-module.ts';

/** `first` is the memory of a new one; while one runs it is not free, and an operation of it that runs the same module gets another. */
interface Kept { readonly first: Uint8Array; free: WebAssembly.Instance | undefined }

const all = new WeakMap<GuestModule, Kept>();

/** `imports`: the same for all runs of a module of ours (bind-imports.ts). Throws what V8 throws. */
export function instanceOf(module: GuestModule, imports: Imports): WebAssembly.Instance {
  const kept = all.get(module);
  if (kept?.free) {
    const { free } = kept;
    kept.free = undefined;
    return free;
  }
  const instance = new WebAssembly.Instance(module.code, imports);
  if (module.isOurs && !kept) all.set(module, { first: bytesOf(instance).slice(), free: undefined });
  return instance;
}

/** Its run has come to its end. */
export function giveBack(module: GuestModule, instance: WebAssembly.Instance): void {
  const kept = all.get(module);
  if (!kept) return;
  const memory = bytesOf(instance);
  if (memory.length !== kept.first.length) return;
  memory.set(kept.first);
  // plugins-as/add-reset.mjs gives it to all of ours.
  (instance.exports['reset'] as () => void)();
  kept.free = instance;
}

const bytesOf = ({ exports }: WebAssembly.Instance): Uint8Array => new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
