// A module must declare how far its memory may grow; V8 then keeps it there.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';

const MEMORY_SECTION = 5;

/** Throws code 100. WebAssembly has validated the bytes already, so the sections are well-formed. */
export function checkMemory(bytes: Uint8Array, name: string, maxPages: number): void {
  const declared = declaredMaximum(bytes);
  if (declared === undefined) {
    throw new CniError(CODE.moduleRefused, `module "${name}" declares no maximum for its memory`, { hint: `build it with --maximumMemory ${maxPages} or less` });
  }
  if (declared > maxPages) {
    throw new CniError(CODE.moduleRefused, `module "${name}" declares a memory of up to ${declared} pages of 64 KiB, its limit is ${maxPages}`, {
      hint: `build it with --maximumMemory ${maxPages} or less, or raise limits.memoryPages in the policy`,
    });
  }
}

/** https://webassembly.github.io/spec/core/binary/modules.html: memories are counted, each with a flag byte and one or two numbers. */
function declaredMaximum(bytes: Uint8Array): number | undefined {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
  };
  while (at < bytes.length) {
    const section = bytes[at++];
    const end = number() + at;
    if (section === MEMORY_SECTION && number() === 1) {
      const hasMaximum = (bytes[at++]! & 1) === 1;
      number();
      return hasMaximum ? number() : undefined;
    }
    at = end;
  }
  return undefined;
}
