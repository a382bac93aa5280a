// Messages on the border: JSON objects of a strict subset, which any language can write and every trace can be read in.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { parseObject, reason } from '../protocol/go-json.ts';

/** A guest's request. Floats and large integers are caught by its shape. Throws `invalid`. */
export function readMessage(text: string, op: string): Record<string, unknown> {
  try {
    return parseObject(Buffer.from(text)).value;
  } catch (error) {
    throw new CniError(CODE.kernel, `${op}: ${reason(error)}`, { kind: 'invalid', op, cause: error });
  }
}

export const writeMessage = (message: object): Uint8Array => Buffer.from(JSON.stringify(message));
