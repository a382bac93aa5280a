// The addresses that ports lead to: the container's first one of each family.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Request } from '../sdk/request';
import { AssignedIp, Interface, Result } from '../sdk/result';

/** IPv4 first; at most one of each. */
export function containerAddresses(request: Request, result: Result): Prefix[] {
  const addresses: Prefix[] = [];
  for (let family = 0; family < 2; family++) {
    const address = firstOf(family == 1, request, result);
    if (address !== null) addresses.push(address);
  }
  return addresses;
}

function firstOf(v6: bool, request: Request, result: Result): Prefix | null {
  for (let i = 0; i < result.ips.length; i++) {
    const address = Prefix.parse(result.ips[i].address);
    if (address === null || address.ip.v6 != v6) continue;
    if (mayBeContainers(result.ips[i], request.ifname, result.interfaces)) return address;
  }
  return null;
}

/** An address that names no interface of the result is taken to be the container's. */
function mayBeContainers(ip: AssignedIp, ifname: string, interfaces: Interface[]): bool {
  if (ip.index < 0 || ip.index >= interfaces.length) return true;
  const link = interfaces[ip.index];
  return link.name == ifname && link.sandbox.length > 0;
}
