// Addresses of both families as numbers, for the fake kernel's questions: same network? covered? canonical text?
// SPDX-License-Identifier: Apache-2.0

import { Address4, Address6 } from 'ip-address';
import { WrongValue } from '../kernel-error.ts';
import type { Family } from '../rule.ts';

export interface Prefix { family: Family; ip: bigint; length: number }

const BITS = { ip: 32, ip6: 128 } as const;

/** "10.1.0.5/24" or "10.1.0.5" (all bits); EINVAL when it is neither. */
export function readPrefix(text: string, action: string): Prefix {
  const type = text.includes(':') ? Address6 : Address4;
  if (!type.isValid(text)) throw new WrongValue(action, `"${text}" is no address`);
  const address = new type(text);
  return { family: text.includes(':') ? 'ip6' : 'ip', ip: address.bigInt(), length: address.subnetMask };
}

export const familyOf = (text: string): Family => (text.includes(':') ? 'ip6' : 'ip');
export const writeIp = ({ family, ip }: Prefix): string =>
  (family === 'ip6' ? Address6.fromBigInt(ip) : Address4.fromBigInt(ip)).correctForm();
export const writePrefix = (prefix: Prefix): string => `${writeIp(prefix)}/${prefix.length}`;
export const isHost = (prefix: Prefix): boolean => prefix.length === BITS[prefix.family];

export function networkOf(prefix: Prefix): Prefix {
  const host = BigInt(BITS[prefix.family] - prefix.length);
  return { ...prefix, ip: (prefix.ip >> host) << host };
}

export const covers = (net: Prefix, ip: Prefix): boolean =>
  net.family === ip.family && networkOf({ ...ip, length: net.length }).ip === networkOf(net).ip;

/** IPv4 before IPv6, then by number, then the longer prefix; the tree of IPv6 is walked from its leaves. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.family !== b.family) return a.family === 'ip' ? -1 : 1;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  if (a.family === 'ip6' && covers(shorter, longer)) return b.length - a.length;
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  return b.length - a.length;
}
