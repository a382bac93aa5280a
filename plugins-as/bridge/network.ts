// The verbs that are about the network as a whole: GC and STATUS.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { delegateCall } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { cannotMasquerade, collectMasquerade } from '../sdk/masquerade';
import { Request } from '../sdk/request';
import { BridgeConf } from './bridge-conf';

/** STATUS: an ADD would fail (SPEC, code 50 "plugin not available"). */
const NOT_AVAILABLE: i32 = 50;

export function gc(length: i32): i32 {
  const request = Request.take(length);
  const conf = BridgeConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  if (conf.ipam.length == 0) return 0;
  // Rules first: an address must not be free for somebody else while its old rules are there.
  const rules = conf.ipMasq && request.validAttachments.exists ? collectMasquerade(request) : 0;
  const delegated = delegateCall(new Obj().str('verb', 'GC'));
  if (!delegated.ok) return failWith(delegated.error);
  return rules;
}

export function status(length: i32): i32 {
  const conf = BridgeConf.from(Request.take(length));
  if (conf.problem.length > 0) return fail(conf.problem);
  if (conf.ipam.length == 0) return 0;
  const delegated = delegateCall(new Obj().str('verb', 'STATUS'));
  if (!delegated.ok) return failWith(delegated.error);
  if (!conf.ipMasq) return 0;
  const why = cannotMasquerade(conf.ipMasqBackend);
  return why.length == 0 ? 0 : fail(why, NOT_AVAILABLE);
}
