// The import section is the capability request: exact, and known before one instruction runs.
// SPDX-License-Identifier: Apache-2.0

import { OPS } from '../../abi/ops.ts';
import { CniError, CODE } from '../cni-error.ts';

/** Functions of `cni:abi/1`: always granted. */
export const ABI_FUNCTIONS = ['take', 'result', 'fail', 'log', 'log_level', 'now', 'random', 'grants', 'close'] as const;

const WASI = 'wasi_snapshot_preview1';
const MARKER = 'cni_abi_1';

export interface Imports {
  /** "link.create" */
  operations: string[];
  wasi: boolean;
}

/** Throws code 100 for a module that is not one of ours, or asks for what this host does not have. */
export function readImports(module: WebAssembly.Module, name: string): Imports {
  const exports = new Map(WebAssembly.Module.exports(module).map((one) => [one.name, one.kind]));
  if (exports.get(MARKER) !== 'function') {
    throw new CniError(CODE.moduleRefused, `module "${name}" does not export ${MARKER}`, { hint: 'it was not built for this host, or for another version of its ABI' });
  }
  if (exports.get('memory') !== 'memory') throw new CniError(CODE.moduleRefused, `module "${name}" does not export its memory`);
  const known = new Map(OPS.map((op) => [`cni:${op.domain}/1 ${op.name}`, `${op.domain}.${op.name}`]));
  const operations: string[] = [];
  let wasi = false;
  for (const { module: from, name: what, kind } of WebAssembly.Module.imports(module)) {
    const operation = known.get(`${from} ${what}`);
    if (kind === 'function' && operation !== undefined) operations.push(operation);
    else if (kind === 'function' && from === WASI) wasi = true;
    else if (kind !== 'function' || from !== 'cni:abi/1' || !ABI_FUNCTIONS.some((one) => one === what)) {
      throw new CniError(CODE.moduleRefused, `module "${name}" imports ${kind} "${from}" "${what}", which this host does not have`, { hint: 'see abi/README.md for what can be imported' });
    }
  }
  return { operations, wasi };
}
