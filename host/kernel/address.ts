// Addresses and prefixes between text and bytes; this file fixes the forms the host uses. The text of IPv6 is ip-address's to read and write.
// SPDX-License-Identifier: Apache-2.0

import type { Address6 } from 'ip-address';
import { KernelError, WrongValue } from './kernel-error.ts';

/** Linux's AF_INET and AF_INET6. */
export const AF = { ip: 2, ip6: 10 } as const;
export type AddressFamily = (typeof AF)[keyof typeof AF];

export interface Address { family: AddressFamily; bytes: Buffer }
export interface Prefix extends Address { length: number }

/** Read with the first address of IPv6: it makes some sixty of its own then, 3 ms that a call which names none need not pay. */
const ipv6 = (): typeof Address6 => (require('ip-address') as typeof import('ip-address')).Address6;

/** A leading zero would be octal to others. */
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^(${OCTET}(?:\\.${OCTET}){3})(?:/(\\d\\d?))?$`);

/** How ::ffff:0:0/96 begins. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** "10.1.0.5" or "2001:db8::5"; throws EINVAL. */
export function parseAddress(text: string): Address {
  if (text.includes('/')) throw invalid(text);
  const { family, bytes } = parse(text);
  return { family, bytes };
}

/** As node:net's isIP, which would take a one-shot call 2 ms to load; a zone is none of it. */
export const isAddress = (text: string): boolean => !/[/%]/.test(text) && (isIpv6(text) ? ipv6().isValid(text) : IPV4.test(text));

/** "10.1.0.5/24", host bits kept; throws EINVAL. */
export function parsePrefix(text: string): Prefix {
  if (!text.includes('/')) throw invalid(text);
  return parse(text);
}

/** Canonical text (RFC 5952); IPv4-mapped addresses in their mixed notation, as `ip` and inet_ntop() write them. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new KernelError('EBADMSG', `read an address of ${bytes.length} bytes`);
  if (MAPPED.every((byte, i) => bytes[i] === byte)) return `::ffff:${bytes.subarray(MAPPED.length).join('.')}`;
  return ipv6().fromUnsignedByteArray([...bytes]).correctForm();
}

export const formatPrefix = (bytes: Uint8Array, length: number): string => `${formatAddress(bytes)}/${length}`;

export const canonicalAddress = (text: string): string => formatAddress(parseAddress(text).bytes);

/** Only IPv4 has one, and only below /31. */
export function broadcastOf({ family, bytes, length }: Prefix): Buffer | undefined {
  if (family !== AF.ip || length >= 31) return undefined;
  const broadcast = Buffer.alloc(4);
  broadcast.writeUInt32BE((bytes.readUInt32BE(0) | (0xffffffff >>> length)) >>> 0);
  return broadcast;
}

export const addressToNumber = (text: string): bigint => BigInt(`0x${parse(text).bytes.toString('hex')}`);

export const numberToAddress = (value: bigint, family: 4 | 6): string =>
  formatAddress(Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex'));

/** "10.1.0.5/24" without its length. */
export const addressOf = (prefix: string): string => prefix.replace(/\/.*/, '');

/** An address with the port behind it, where there is one: [2001:db8::5]:80. */
export const withPort = (address: string, port: number | undefined): string =>
  (port === undefined ? address : isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`);

/** Of an address or a prefix. */
export const isIpv6 = (text: string): boolean => text.includes(':');

const parse = (text: string): Prefix => (isIpv6(text) ? parse6(text) : parse4(text));

function parse4(text: string): Prefix {
  const [, address, length = '32'] = IPV4.exec(text) ?? [];
  if (address === undefined || Number(length) > 32) throw invalid(text);
  return { family: AF.ip, bytes: Buffer.from(address.split('.').map(Number)), length: Number(length) };
}

function parse6(text: string): Prefix {
  // A zone is no part of an address on the wire.
  if (text.includes('%')) throw invalid(text);
  let address: Address6;
  try {
    address = new (ipv6())(text);
  } catch (cause) {
    throw Object.assign(invalid(text), { cause });
  }
  // Leading zero bytes are left out by the library.
  const bytes = Buffer.alloc(16);
  const given = address.toUnsignedByteArray();
  bytes.set(given, 16 - given.length);
  return { family: AF.ip6, bytes, length: address.subnetMask };
}

const invalid = (text: string): KernelError => new WrongValue(`read the address "${text}"`, 'give an address like 10.1.0.5 or 2001:db8::5, with /length where a prefix is meant');
