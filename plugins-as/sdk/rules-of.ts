// The rules of one chain in what nft.list or iptables.list found.
// SPDX-License-Identifier: Apache-2.0

import { Json } from './json';

/** The first of them; not `present` when there is none. */
export function rulesOf(chain: string, listed: Json): Json {
  for (let found = listed.get('chains').first(); found.present; found = found.next()) {
    if (found.get('name').str() == chain) return found.get('rules').first();
  }
  return Json.absent();
}
