// STATUS: can the traffic out of a container be shaped on this node?
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, NOT_AVAILABLE } from '../sdk/fail';
import { linkUsable } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Limits } from './limits';

export function status(length: i32): i32 {
  const limits = Limits.from(Request.take(length).config);
  if (limits.problem.length > 0) return fail(limits.problem);
  const ifb = linkUsable(new Obj().str('ns', 'host').str('kind', 'ifb'));
  if (!ifb.ok) return failWith(ifb.error);
  if (ifb.json.get('usable').bool()) return 0;
  return fail('the kernel cannot make intermediate devices: ' + ifb.json.get('why').str() + '; load its module ifb', NOT_AVAILABLE);
}
