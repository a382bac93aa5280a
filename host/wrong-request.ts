// A request that is wrong in itself, whatever is granted and whatever the kernel would say: the module's own error, so it has the plugins' code.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from './cni-error.ts';

/** `at` is the object where the request names one. */
export const wrongRequest = (op: string, what: string, at?: string): CniError =>
  new CniError(CODE.plugin, `${op}: ${what}`, { kind: 'invalid', op, ...(at === undefined ? {} : { at }) });
