// CHECK of a packet filter: the verdict over what nft.check or iptables.check found.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from './answer';
import { fail, failWith } from './fail';
import { quote } from './quote';

/** Fails with the first rule that is not there, told as one of `what`. Returns 0, or what fail() returned. */
export function complete(answer: Answer, what: string): i32 {
  if (!answer.ok) return failWith(answer.error);
  const missing = answer.json.get('missing').first();
  if (!missing.present) return 0;
  const rule = missing.get('rule').str();
  return fail(what + ': chain ' + quote(missing.get('chain').str()) + (rule.length > 0 ? ' does not have the rule ' + quote(rule) : ' is missing'));
}
