// Comments of tables, chains and rules: type, length, text with NUL, as the nft program writes and shows them.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import { textOf } from './attributes.ts';
import { USERDATA_COMMENT } from './nft-wire.ts';

/** The most that nft reads back from its own listing. */
const MAX_COMMENT = 128;

export function commentToUserdata(comment: string): Buffer {
  const text = Buffer.from(`${comment}\0`);
  // nft prints comments between quotes and has no escape for one inside.
  if (text.length > MAX_COMMENT + 1 || /["\u0000-\u001f\u007f]/.test(comment)) {
    throw new KernelError('EINVAL', 'write an nft comment', `${JSON.stringify(comment)} must be at most ${MAX_COMMENT} bytes, without quotes and control characters`);
  }
  return Buffer.concat([Uint8Array.of(USERDATA_COMMENT, text.length), text]);
}

export function commentOf(userdata: Buffer | undefined): string | undefined {
  if (!userdata) return undefined;
  for (let at = 0; at + 2 <= userdata.length; at += 2 + userdata[at + 1]!) {
    if (userdata[at] === USERDATA_COMMENT) return textOf(userdata.subarray(at + 2, at + 2 + userdata[at + 1]!));
  }
  return undefined;
}
