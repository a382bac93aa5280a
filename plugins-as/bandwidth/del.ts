// DEL: takes the IFB away. What hangs on the veth goes with it, and the configuration is not even read: a mistake in it must not
// keep the rest of the chain from being cleaned up.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '../sdk/fail';
import { linkDelete, linkGet, tcList, tcSources } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { ifbName } from './ifb';
import { redirects } from './queues';

export function del(length: i32): i32 {
  const request = Request.take(length);
  const found = linkGet(new Obj().str('ns', 'host').str('name', ifbName(request)));
  if (found.missing) return 0;
  if (!found.ok) return failWith(found.error, 'get ifb device');
  const ifb = found.json.get('link').int();
  if (found.json.get('kind').str() != 'ifb' || servesAnother(ifb, found.json.get('index').int(), request)) return 0;
  const deleted = linkDelete(new Obj().int('link', ifb));
  return deleted.ok || deleted.missing ? 0 : failWith(deleted.error, 'delete ifb device');
}

/** Its name says container and network and not which interface: a second one of both must not lose the device of the first. */
function servesAnother(ifb: i64, index: i64, request: Request): bool {
  if (!request.netns) return false;
  const inside = linkGet(new Obj().str('name', request.ifname));
  if (!inside.ok || !inside.json.get('peer').present) return false;
  const outside = linkGet(new Obj().int('endOf', inside.json.get('link').int()));
  if (outside.ok && redirects(tcList(new Obj().int('link', outside.json.get('link').int())), index)) return false;
  // Not ours, then: only now all links are looked at.
  const sources = tcSources(new Obj().int('link', ifb)).json.get('links');
  for (let e = sources.first(); e.present; e = e.next()) {
    if (e.get('index').int() == inside.json.get('peer').int()) return false;
  }
  return sources.first().present;
}
