// The ranges that the configuration has addresses handed out from, in host-local's keys: the operator's word on what is this network's.
// SPDX-License-Identifier: Apache-2.0

import { CniError } from '../cni-error.ts';
import { addressToNumber, formatPrefix, isIpv6 } from '../kernel/address.ts';
import { KernelError } from '../kernel/kernel-error.ts';
import { readPrefix } from '../kernel/prefix.ts';
import { field } from '../protocol/go-json.ts';
import type { Call } from './call.ts';
import { podCidr } from './conf.ts';

export interface IpamRange {
  /** without host bits */
  subnet: string;
  first: bigint;
  last: bigint;
  /** is in the range and not handed out */
  gateway: bigint;
}

/** Stands for the subnets of this node's pods. */
const POD_CIDR = 'usePodCidr';

/** Those that can be read; what is wrong with the others is the IPAM plugin's to say. */
export function ipamRanges(call: Pick<Call, 'request' | 'nodeFiles'>): IpamRange[] {
  const { value } = call.request.netconf;
  const ipam = field(value, 'ipam');
  const written = [ipam, ...[field(field(value, 'runtimeConfig'), 'ipRanges'), field(ipam, 'ranges')].flatMap(elements).flatMap(elements)];
  return written.flatMap((range) => {
    const subnet = text(range, 'subnet');
    const subnets = subnet === POD_CIDR ? podSubnets(call) : [subnet];
    return subnets.flatMap((one) => readRange(one, range) ?? []);
  });
}

/** May it be handed out to a container of this network? */
export const isInRanges = (ranges: readonly IpamRange[], address: string): boolean => {
  const number = addressToNumber(address);
  return ranges.some(({ subnet, first, last, gateway }) => isIpv6(subnet) === isIpv6(address) && number >= first && number <= last && number !== gateway);
};

/** With host-local's defaults, and never beyond the subnet. */
function readRange(written: string | undefined, range: unknown): IpamRange | undefined {
  if (written === undefined || !written.includes('/')) return undefined;
  try {
    const { bytes, length } = readPrefix(written);
    const subnet = formatPrefix(bytes, length);
    const network = addressToNumber(subnet);
    const end = network + (1n << BigInt(bytes.length * 8 - length)) - 1n;
    const number = (key: string, otherwise: bigint): bigint => {
      const address = text(range, key);
      return address === undefined ? otherwise : addressToNumber(address);
    };
    const [first, last] = [number('rangeStart', network + 1n), number('rangeEnd', isIpv6(subnet) ? end : end - 1n)];
    return { subnet, first: first < network ? network : first, last: last > end ? end : last, gateway: number('gateway', network + 1n) };
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

function podSubnets({ nodeFiles }: Pick<Call, 'nodeFiles'>): string[] {
  try {
    return podCidr(nodeFiles.podCidr).split('\n');
  } catch (error) {
    if (error instanceof CniError) return [];
    throw error;
  }
}

const elements = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function text(value: unknown, key: string): string | undefined {
  const found = field(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
