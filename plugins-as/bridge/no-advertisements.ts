// Router advertisements from the containers must not configure the node (CVE-2020-10749): a container could give it a route.
// SPDX-License-Identifier: Apache-2.0

import { sysctlSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';

/** Without IPv6 there is nothing to switch off. */
export function noAdvertisements(link: i64): void {
  sysctlSet(new Obj().int('link', link).str('key', 'net/ipv6/conf/{link}/accept_ra').str('value', '0'));
}
