// Finds the host's end of the container's veth pair: whatever the container gets and sends passes there.
// SPDX-License-Identifier: Apache-2.0

import { fail } from '../sdk/fail';
import { linkGet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Interface } from '../sdk/result';

export class HostVeth {
  constructor(readonly handle: i64, readonly mtu: i64) {}
}

/** null: the error is set. */
export function findHostVeth(request: Request, interfaces: Interface[]): HostVeth | null {
  if (interfaces.length == 0) return refuse('no interfaces provided');
  const inside = linkGet(new Obj().str('name', request.ifname));
  if (!inside.ok) return refuse(noPeer(request) + inside.error.msg);
  const kind = inside.json.get('kind').str();
  if (kind != 'veth') return refuse(noPeer(request) + 'it is a link of kind "' + kind + '"; only veth can be limited');
  const outside = linkGet(new Obj().int('endOf', inside.json.get('link').int()));
  if (!outside.ok) return refuse('veth peer with index ' + inside.json.get('peer').int().toString() + ' is not in host ns');
  if (!isListed(outside.json.get('name').str(), interfaces)) return refuse('no veth peer of container interface found in host ns');
  return new HostVeth(outside.json.get('link').int(), outside.json.get('mtu').int());
}

function noPeer(request: Request): string {
  return 'container interface ' + request.ifname + ' has no veth peer: ';
}

function isListed(name: string, interfaces: Interface[]): bool {
  for (let i = 0; i < interfaces.length; i++) {
    if (interfaces[i].name == name && interfaces[i].sandbox.length == 0) return true;
  }
  return false;
}

function refuse(problem: string): HostVeth | null {
  fail(problem);
  return null;
}
