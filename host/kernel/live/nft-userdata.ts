// Comments of tables, chains and rules: type, length, text with NUL, as the nft program writes and shows them.
// SPDX-License-Identifier: Apache-2.0

import { checkNftComment } from '../nft-text.ts';
import { textOf } from './attributes.ts';
import { USERDATA_COMMENT } from './nft-wire.ts';

export function commentToUserdata(comment: string): Buffer {
  const text = Buffer.from(`${checkNftComment(comment)}\0`);
  return Buffer.concat([Uint8Array.of(USERDATA_COMMENT, text.length), text]);
}

export function commentOf(userdata: Buffer | undefined): string | undefined {
  if (!userdata) return undefined;
  for (let at = 0; at + 2 <= userdata.length; at += 2 + userdata[at + 1]!) {
    if (userdata[at] === USERDATA_COMMENT) return textOf(userdata.subarray(at + 2, at + 2 + userdata[at + 1]!));
  }
  return undefined;
}
