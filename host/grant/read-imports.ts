// The import section is the capability request: exact, and known before one instruction runs.
// SPDX-License-Identifier: Apache-2.0

import { ABI, ABI_MODULE, OPS, type Op } from '../../abi/ops.ts';
import { CniError, CODE } from '../cni-error.ts';
import type { GuestModule } from '../sandbox/guest-module.ts';
import { WASI, WASI_FUNCTIONS } from './wasi-functions.ts';

/** The type of every operation. */
export const OPERATION_TYPE = 'i32 i32 -> i32';
/** Functions of `cni:abi/1` and their types: always granted. */
export const ABI_FUNCTIONS: Readonly<Record<string, string>> = {
  take: OPERATION_TYPE, result: 'i32 i32 ->', fail: 'i32 i32 ->', log: 'i32 i32 i32 ->', log_level: '-> i32', now: 'i32 -> i64', random: 'i32 i32 ->', grants: OPERATION_TYPE, close: 'i32 -> i32', tick: '-> i32',
};

/** As a module imports them: "cni:link/1 create". */
export const OPERATIONS: ReadonlyMap<string, Op> = new Map(OPS.map((op) => [`cni:${op.domain}/${ABI} ${op.name}`, op]));

const MARKER = 'cni_abi_1';

export interface Imports {
  /** "link.create" */
  operations: string[];
  wasi: boolean;
}

/** Throws code 100 for a module that is not one of ours, or asks for what this host does not have. */
export function readImports({ imports, exports }: GuestModule, name: string): Imports {
  if (exports.get(MARKER) !== 'function') {
    throw new CniError(CODE.moduleRefused, `module "${name}" does not export ${MARKER}`, { hint: 'it was not built for this host, or for another version of its ABI' });
  }
  if (exports.get('memory') !== 'memory') throw new CniError(CODE.moduleRefused, `module "${name}" does not export its memory`);
  const operations: string[] = [];
  let wasi = false;
  for (const { module: from, name: what, kind } of imports) {
    const operation = OPERATIONS.get(`${from} ${what}`);
    if (kind === 'function' && operation) operations.push(`${operation.domain}.${operation.name}`);
    else if (kind === 'function' && from === WASI && WASI_FUNCTIONS.has(what)) wasi = true;
    else if (kind !== 'function' || from !== ABI_MODULE || !Object.hasOwn(ABI_FUNCTIONS, what)) {
      throw new CniError(CODE.moduleRefused, `module "${name}" imports ${kind} "${from}" "${what}", which this host does not have`, { at: `${from} ${what}`, hint: 'see abi/README.md for what can be imported' });
    }
  }
  return { operations, wasi };
}
