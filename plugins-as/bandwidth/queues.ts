// What hangs on a link, as the host lists it.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { Json } from '../sdk/json';

export function qdisc(queues: Answer, kind: string, parent: string): Json {
  for (let e = queues.json.get('qdiscs').first(); e.present; e = e.next()) {
    if (e.get('kind').str() == kind && e.get('parent').str() == parent) return e;
  }
  return Json.absent();
}

/** What arrives at the link is sent through this device first. */
export function redirects(queues: Answer, index: i64): bool {
  for (let e = queues.json.get('filters').first(); e.present; e = e.next()) {
    if (e.get('redirect').int() == index) return true;
  }
  return false;
}
