// The transport protocols a rule can name, spelled as iptables-save spells them.
// SPDX-License-Identifier: Apache-2.0

const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1, igmp: 2, tcp: 6, udp: 17, dccp: 33, gre: 47, esp: 50, ah: 51, 'ipv6-icmp': 58, sctp: 132, udplite: 136,
};
const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));
const WITH_PORTS = ['tcp', 'udp', 'dccp', 'sctp'];

export const canonicalProtocol = (name: string): string => (name === 'icmpv6' ? 'ipv6-icmp' : name);
export const isProtocol = (name: string): boolean => Object.hasOwn(NUMBERS, canonicalProtocol(name));
export const protocolNumber = (name: string): number => NUMBERS[canonicalProtocol(name)]!;
export const protocolName = (number: number): string | undefined => NAMES.get(number);
export const hasPorts = (name: string): boolean => WITH_PORTS.includes(name);
