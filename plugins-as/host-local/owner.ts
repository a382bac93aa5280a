// Whose a lease is: its entry says container id and interface, or, from old versions of the reference, only the container id.
// SPDX-License-Identifier: Apache-2.0

import { storeList } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';

export class Owned {
  keys: string[] = [];
  values: string[] = [];
  problem: string = '';
}

export function ownerOf(request: Request): string {
  return ownerText(request.containerId, request.ifname);
}

export function ownerText(containerId: string, ifname: string): string {
  return containerId + '\r\n' + ifname;
}

/** The entries of this attachment; only when it has none those that name the container alone. */
export function owned(request: Request): Owned {
  const own = entries(ownerOf(request));
  return own.problem.length > 0 || own.keys.length > 0 ? own : entries(request.containerId);
}

/** All entries with this value, or all there are. */
export function entries(value: string = ''): Owned {
  const found = new Owned();
  const answer = storeList(new Obj().optional('value', value));
  if (!answer.ok) {
    found.problem = answer.error.msg;
    return found;
  }
  for (let e = answer.json.get('entries').first(); e.present; e = e.next()) {
    found.keys.push(e.get('key').str());
    found.values.push(e.get('value').str());
  }
  return found;
}
