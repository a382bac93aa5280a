// The networks in which a module may give the host addresses: those of the attachment's addresses and gateways, and those of the configuration's ranges.
// SPDX-License-Identifier: Apache-2.0

import { addressOf, isIpv6 } from '../kernel/address.ts';
import { isWithin, networkOf } from '../kernel/prefix.ts';
import type { ResultIp } from '../protocol/result.ts';
import type { Call } from './call.ts';
import { ipamRanges } from './ipam-ranges.ts';

/** A network of the attachment as a whole, or one address in it: less than the network would lead to this link alone what is its other containers'. */
export function isOwnNetwork(call: Call, prefix: string): boolean {
  const network = networkOf(prefix);
  const own = [...call.ips.flatMap(networksOf), ...ipamRanges(call).map(({ subnet }) => subnet)];
  return isOfOneLink(network) || own.includes(network) || (isOneAddress(network) && own.some((one) => isWithin(network, one)));
}

/** Also of the gateway, which may be in another one: a bridge has it with the prefix of the address. */
function networksOf({ address, gateway }: ResultIp): string[] {
  const network = networkOf(address);
  const besides = gateway !== undefined && isIpv6(gateway) === isIpv6(address) ? [networkOf(`${gateway}/${lengthOf(network)}`)] : [];
  return [network, ...besides];
}

const isOneAddress = (network: string): boolean => lengthOf(network) === (isIpv6(network) ? '128' : '32');
const lengthOf = (prefix: string): string => prefix.slice(addressOf(prefix).length + 1);

/** Each link has fe80::/64 for itself, and nothing is led from one to another. IPv4's like is not: the clouds' metadata are at 169.254.169.254. */
const isOfOneLink = (network: string): boolean => isWithin(network, 'fe80::/64');
