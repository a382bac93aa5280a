// How much memory a module may ever take is declared in the module, before it runs; V8 then keeps it there.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Declared } from './sections.ts';

/** 8 bytes each in V8; compilers ask for one entry for each function that is called indirectly */
const MAX_TABLE_ENTRIES = 65_536;

/** Throws code 100. */
export function checkMemory({ memories: [memory, ...more], tables, exceptions }: Declared, name: string, maxPages: number): void {
  const build = `build it with --maximumMemory ${maxPages} or less (asc), or --max-memory=${maxPages * 65_536} (wasm-ld)`;
  if (!memory || more.length > 0) throw refuse(name, `declares ${more.length + (memory ? 1 : 0)} memories, a plugin has one`, 'export one memory of its own as "memory"');
  if (memory.unusual) throw refuse(name, 'declares a shared or 64-bit memory', 'build it for wasm32 without threads');
  if (memory.maximum === undefined) throw refuse(name, 'declares no maximum for its memory', build);
  if (memory.maximum > maxPages) throw refuse(name, `declares a memory of up to ${memory.maximum} pages of 64 KiB, its limit is ${maxPages}`, `${build}, or raise limits.memoryPages in the policy`);
  const [table, ...others] = tables;
  if (others.length > 0) throw refuse(name, `declares ${tables.length} tables, a plugin has at most one`, 'build it without reference types');
  if (table && table.maximum === undefined) throw refuse(name, 'declares no maximum for its table', `build it without growing tables: with ${MAX_TABLE_ENTRIES} entries or less`);
  if (table?.maximum !== undefined && table.maximum > MAX_TABLE_ENTRIES) throw refuse(name, `declares a table of up to ${table.maximum} entries, at most ${MAX_TABLE_ENTRIES} may be`, 'build it with fewer functions that are called indirectly');
  if (exceptions) throw refuse(name, 'declares exceptions, which cannot be limited', 'build it with -fno-exceptions and without setjmp (clang), or with panic=abort (Rust)');
}

const refuse = (name: string, what: string, hint: string): CniError => new CniError(CODE.moduleRefused, `module "${name}" ${what}`, { hint });
