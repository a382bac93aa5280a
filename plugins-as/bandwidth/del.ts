// DEL: takes the IFB away. What hangs on the veth goes with it, and the configuration is not even read: a mistake in it must not
// keep the rest of the chain from being cleaned up.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '../sdk/fail';
import { linkDelete, linkGet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { ifbName } from './ifb';

export function del(length: i32): i32 {
  const found = linkGet(new Obj().str('ns', 'host').str('name', ifbName(Request.take(length))));
  if (found.missing) return 0;
  if (!found.ok) return failWith(found.error, 'get ifb device');
  if (found.json.get('kind').str() != 'ifb') return 0;
  const deleted = linkDelete(new Obj().int('link', found.json.get('link').int()));
  return deleted.ok || deleted.missing ? 0 : failWith(deleted.error, 'delete ifb device');
}
