// The nat table of iptables in one family: where rules go that change addresses, and as such what a listing asks for.
// SPDX-License-Identifier: Apache-2.0

import { Obj } from './json';

/** `family` is ip or ip6. */
export function natTable(family: string): Obj {
  return new Obj().str('ns', 'host').str('family', family).str('table', 'nat');
}
