// Whose a lease is: its entry says container id and interface, or, from old versions of the reference, only the container id.
// SPDX-License-Identifier: Apache-2.0

import { storeList } from '../sdk/gen/ops';
import { Ip } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Request } from '../sdk/request';

const BREAK = '\r\n';

export class Owned {
  keys: string[] = [];
  problem: string = '';

  has(ip: Ip): bool {
    for (let i = 0; i < this.keys.length; i++) {
      const key = Ip.parse(this.keys[i]);
      if (key !== null && key.equals(ip)) return true;
    }
    return false;
  }
}

export function ownerOf(request: Request): string {
  return request.containerId + BREAK + request.ifname;
}

/** Of what an entry says; `container "c1", interface "eth0"`. */
export function ownerInWords(entry: string): string {
  const parts = entry.trim().split(BREAK);
  return 'container ' + quote(parts[0]) + (parts.length > 1 ? ', interface ' + quote(parts[1]) : '');
}

/** The keys of this attachment's entries; only when it has none those that name the container alone. */
export function owned(request: Request): Owned {
  const own = entries(ownerOf(request));
  return own.problem.length > 0 || own.keys.length > 0 ? own : entries(request.containerId);
}

function entries(value: string): Owned {
  const found = new Owned();
  const answer = storeList(new Obj().str('value', value));
  if (!answer.ok) {
    found.problem = answer.error.msg;
    return found;
  }
  for (let e = answer.json.get('entries').first(); e.present; e = e.next()) found.keys.push(e.get('key').str());
  return found;
}
