// Addresses and prefixes between text and bytes. The arithmetic is ip-address's; this file fixes the forms the host uses.
// SPDX-License-Identifier: Apache-2.0

import type { Address4, Address6 } from 'ip-address';
import { KernelError } from './kernel-error.ts';

/** Linux's AF_INET and AF_INET6. */
export type AddressFamily = 2 | 10;

export interface Address { family: AddressFamily; bytes: Buffer }
export interface Prefix extends Address { length: number }

/** Read with the first address: it makes some sixty of its own then, 3 ms that a call which names none need not pay. */
const ipAddress = (): typeof import('ip-address') => require('ip-address') as typeof import('ip-address');

/** How ::ffff:0:0/96 begins. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** "10.1.0.5" or "2001:db8::5"; throws EINVAL. */
export function parseAddress(text: string): Address {
  const { address, length } = parse(text);
  if (text.includes('/') || length !== widthOf(address)) throw invalid(text);
  return { family: familyOf(address), bytes: bytesOf(address) };
}

/** As node:net's isIP, which would take a one-shot call 2 ms to load; a zone is none of it. */
export const isAddress = (text: string): boolean => !/[/%]/.test(text) && (isIpv6(text) ? ipAddress().Address6 : ipAddress().Address4).isValid(text);

/** "10.1.0.5/24", host bits kept; throws EINVAL. */
export function parsePrefix(text: string): Prefix {
  const { address, length } = parse(text);
  if (!text.includes('/')) throw invalid(text);
  return { family: familyOf(address), bytes: bytesOf(address), length };
}

/** Canonical text (RFC 5952); IPv4-mapped addresses in their mixed notation, as `ip` and inet_ntop() write them. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new KernelError('EBADMSG', `read an address of ${bytes.length} bytes`);
  if (MAPPED.every((byte, i) => bytes[i] === byte)) return `::ffff:${bytes.subarray(MAPPED.length).join('.')}`;
  return ipAddress().Address6.fromUnsignedByteArray([...bytes]).correctForm();
}

export const formatPrefix = (bytes: Uint8Array, length: number): string => `${formatAddress(bytes)}/${length}`;

export const canonicalAddress = (text: string): string => formatAddress(parseAddress(text).bytes);

/** The prefix with its host bits cleared, canonical. */
export function networkOf(text: string): string {
  const { address, length } = parse(text);
  return `${address.startAddress().correctForm()}/${length}`;
}

/** Only IPv4 has one, and only below /31. */
export function broadcastOf({ family, bytes, length }: Prefix): Buffer | undefined {
  if (family !== 2 || length >= 31) return undefined;
  return bytesOf(new (ipAddress().Address4)(formatPrefix(bytes, length)).endAddress());
}

export const addressToNumber = (text: string): bigint => parse(text).address.bigInt();

export const numberToAddress = (value: bigint, family: 4 | 6): string =>
  formatAddress(bytesOf(family === 4 ? ipAddress().Address4.fromBigInt(value) : ipAddress().Address6.fromBigInt(value)));

export const isIpv6 = (text: string): boolean => text.includes(':');

function parse(text: string): { address: Address4 | Address6; length: number } {
  // A zone is no part of an address on the wire.
  if (text.includes('%')) throw invalid(text);
  try {
    const { Address4, Address6 } = ipAddress();
    const address = isIpv6(text) ? new Address6(text) : new Address4(text);
    return { address, length: address.subnetMask };
  } catch (cause) {
    throw Object.assign(invalid(text), { cause });
  }
}

const isOf4 = (address: Address4 | Address6): address is Address4 => address instanceof ipAddress().Address4;
const widthOf = (address: Address4 | Address6): number => (isOf4(address) ? 32 : 128);
const familyOf = (address: Address4 | Address6): AddressFamily => (isOf4(address) ? 2 : 10);

function bytesOf(address: Address4 | Address6): Buffer {
  if (isOf4(address)) return Buffer.from(address.toArray());
  // Leading zero bytes are left out by the library.
  const bytes = Buffer.alloc(16);
  const given = address.toUnsignedByteArray();
  bytes.set(given, 16 - given.length);
  return bytes;
}

const invalid = (text: string): KernelError => new KernelError('EINVAL', `read the address "${text}"`, 'give an address like 10.1.0.5 or 2001:db8::5, with /length where a prefix is meant');
