// GC of what has no record with us, like that of the reference. The device's name is a hash and says neither container nor network, but
// a device that nothing is redirected to shapes nobody's traffic, whoever made it.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '../sdk/fail';
import { linkDelete, linkList, tcList, tcSources } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { isIfbName } from './ifb';
import { qdisc } from './queues';

export function gc(length: i32): i32 {
  if (!Request.take(length).validAttachments.exists) return 0;
  let failed = 0;
  const links = linkList(new Obj().str('ns', 'host').str('kind', 'ifb'));
  if (!links.ok) return failWith(links.error, 'list ifb devices');
  for (let link = links.json.get('links').first(); link.present; link = link.next()) {
    const ifb = link.get('link').int();
    if (!isIfbName(link.get('name').str()) || !isComplete(ifb) || isInUse(ifb)) continue;
    const deleted = linkDelete(new Obj().int('link', ifb));
    if (!deleted.ok && !deleted.missing) failed = failWith(deleted.error, 'delete ifb device');
  }
  return failed;
}

/** The queue is the last thing that ADD makes; without it another network's ADD may be under way. */
function isComplete(ifb: i64): bool {
  return qdisc(tcList(new Obj().int('link', ifb)), 'tbf', 'root').exists;
}

function isInUse(ifb: i64): bool {
  const sources = tcSources(new Obj().int('link', ifb));
  return !sources.ok || sources.json.get('links').first().present;
}
