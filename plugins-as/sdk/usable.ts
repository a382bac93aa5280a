// Can a part of the node be used, a packet filter or a kind of link? What the `usable` operations answer.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from './answer';
import { NOT_GRANTED } from './fail';
import { nftUsable } from './gen/ops';
import { Obj } from './json';

/** '' when it can be used. Otherwise why not, be it that nobody could say. */
export function whyNot(answer: Answer): string {
  if (!answer.ok) return answer.error.msg;
  if (answer.json.get('usable').bool()) return '';
  const reason = answer.json.get('why').str();
  return reason.length > 0 ? reason : 'it cannot be used';
}

/** It is known that it cannot be used, by anybody or by this plugin. One that only does not answer now lacks nothing. */
export function isLacking(answer: Answer): bool {
  return answer.ok ? !answer.json.get('usable').bool() : answer.error.code == NOT_GRANTED;
}

export function askNft(): Answer {
  return nftUsable(new Obj().str('ns', 'host'));
}

export function whyNoNft(): string {
  return whyNot(askNft());
}
