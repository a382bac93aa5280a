// The types a module gives to what it imports. JavaScript takes any and converts; a type that is not the host's is a module built against another one.
// SPDX-License-Identifier: Apache-2.0

import { ABI_MODULE } from '../../abi/ops.ts';
import { CniError, CODE } from '../cni-error.ts';
import { ABI_FUNCTIONS, OPERATION_TYPE } from '../grant/read-imports.ts';
import { WASI, WASI_FUNCTIONS } from '../grant/wasi-functions.ts';
import type { Declared } from './sections.ts';

/** Throws code 100. What is imported is known. */
export function checkImportTypes({ imports }: Declared, name: string): void {
  for (const { module, name: what, type } of imports) {
    const expected = module === WASI ? WASI_FUNCTIONS.get(what) : module === ABI_MODULE ? ABI_FUNCTIONS[what] : OPERATION_TYPE;
    if (type !== expected) {
      throw new CniError(CODE.moduleRefused, `module "${name}" imports "${module}" "${what}" with the signature ${type}, it has ${expected}`, { kind: 'invalid', at: `${module} ${what}`, hint: 'see abi/README.md' });
    }
  }
}
