// The addresses of a result, each as a prefix of all its bits.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Arr } from '../sdk/json';
import { Result } from '../sdk/result';

export const FAMILIES: string[] = ['ip', 'ip6'];

export function addressesOf(result: Result): Prefix[] {
  const addresses: Prefix[] = [];
  for (let i = 0; i < result.ips.length; i++) {
    const prefix = Prefix.parse(result.ips[i].address);
    if (prefix !== null) addresses.push(Prefix.of(prefix.ip));
  }
  return addresses;
}

export function ofFamily(addresses: Prefix[], family: string): Prefix[] {
  const some: Prefix[] = [];
  for (let i = 0; i < addresses.length; i++) {
    if (addresses[i].ip.v6 == (family == 'ip6')) some.push(addresses[i]);
  }
  return some;
}

export function texts(addresses: Prefix[]): Arr {
  const list = new Arr();
  for (let i = 0; i < addresses.length; i++) list.str(addresses[i].text());
  return list;
}
