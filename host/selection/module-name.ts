// What a configuration may name a module by: a word, never a path or an address.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';

export const MODULE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Throws code 100. */
export function checkModuleName(name: string): string {
  if (!MODULE_NAME.test(name)) {
    throw new CniError(CODE.moduleRefused, `"${name.slice(0, 128)}" cannot be a module's name`, { kind: 'invalid', hint: 'a name is lower-case letters, digits, `.`, `_` and `-`; paths and addresses are not allowed' });
  }
  return name;
}
