// DEL: the interface gets back what the file remembers, as far as there is a file, an interface, and a kernel that lets it. The
// configuration is not even read, and nothing is an error: what hangs on the container goes with it. Sysctls stay, as in the reference.
// SPDX-License-Identifier: Apache-2.0

import { linkGet, storeDelete, storeGet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Attributes } from './attributes';
import { change } from './link';

export function del(length: i32): i32 {
  const request = Request.take(length);
  const saved = storeGet(new Obj().str('key', 'backup'));
  const text = saved.ok ? saved.json.get('value').str() : '';
  if (text.length > 0 && request.netns) giveBack(request.ifname, Attributes.fromBackup(text));
  storeDelete(new Obj().str('key', 'backup'));
  return 0;
}

function giveBack(ifname: string, saved: Attributes): void {
  const found = linkGet(new Obj().str('name', ifname));
  if (found.ok) change(found.json.get('link').int(), ifname, saved);
}
