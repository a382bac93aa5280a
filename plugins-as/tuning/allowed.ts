// The node's allow-list: the host looks, since a module has no regular expressions.
// SPDX-License-Identifier: Apache-2.0

import { sysctlAllowed } from '../sdk/gen/ops';
import { Arr, Obj } from '../sdk/json';
import { Sysctl } from './sysctl';

/** '' when all of them may be set. */
export function whyNotAllowed(sysctls: Sysctl[]): string {
  if (sysctls.length == 0) return '';
  const keys = new Arr();
  for (let i = 0; i < sysctls.length; i++) keys.str(sysctls[i].written);
  const answer = sysctlAllowed(new Obj().arr('keys', keys));
  if (!answer.ok) return answer.error.msg;
  if (!answer.json.get('refused').exists) return '';
  const patterns: string[] = [];
  for (let e = answer.json.get('patterns').first(); e.present; e = e.next()) patterns.push(e.str());
  return 'Sysctl ' + answer.json.get('refused').str() + ' is not allowed. Only the following sysctls are allowed: [' + patterns.join(' ') + ']';
}
