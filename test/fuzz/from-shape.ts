// Requests that fit the shape of an operation in abi/ops.ts, in words that mean something on a node, and requests that nearly fit.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import type { Shape } from '../../abi/shape.ts';
import { hashesOf } from '../../host/ledger/attachment-id.ts';
import { mismatch } from '../../host/sandbox/validate-shape.ts';

const HASH = hashesOf({ network: 'blue', containerId: 'c1', ifname: 'eth0' }).attachment;
const NAMES = ['cni0', 'eth0', 'lo', 'veth00000001', `bwp${HASH.slice(0, 12)}`, 'uplink0', 'eth0\n', '../eth0', '', 'a name that is much too long', 'CNI-x', 'all'];
const CHAINS = [`CNI-${HASH.slice(0, 24)}`, `CNI-DN-${HASH.slice(0, 21)}`, 'CNI-HOSTPORT-DNAT', 'POSTROUTING', 'PREROUTING', 'INPUT', 'KUBE-SERVICES', 'masq_checks', 'postrouting', 'hostports', '-j ACCEPT', 'x;y'];
const TABLES = ['nat', 'filter', 'cni_plugins_masquerade', 'cni_hostport', 'kube-proxy', 'raw'];
const ADDRESSES = ['192.0.2.1/24', '192.0.2.8', '2001:db8:88::1/64', '198.51.100.0/24', '192.0.2.9', '192.0.2.5', '192.0.2.1', '192.0.2.0/24', '192.0.2.5/24', '0.0.0.0/0', '2001:db8::5', '2001:db8::5/64', '::/0', '127.0.0.1', '10.0.0.1/33', 'fe80::1%eth0', '192.0.2.5/024', '::ffff:192.0.2.5'];
const KEYS = ['net/ipv4/ip_forward', 'net/ipv6/conf/{link}/accept_ra', 'net/ipv4/conf/{link}/route_localnet', 'net/../kernel/core_pattern', 'net/ipv6/conf/all/forwarding', 'kernel/hostname', 'net/ipv4/conf/{link}/arp_notify'];
const STORE_KEYS = ['192.0.2.2', 'last_reserved_ip.0', 'lock', '.', '..', 'x', '2001:db8::2'];
const words = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES, ...CHAINS, ...TABLES, ...ADDRESSES, ...KEYS, ...STORE_KEYS, 'tcp', 'udp', '02:00:00:00:00:01') },
  { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: 'binary' }) },
);

/** Mostly small: handles, ports, metrics. */
const numbers = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 8 }) }, fc.constantFrom(-1, 53, 80, 254, 1500, 65535, 65536, 0x7fffffff, 0xffffffff, Number.MAX_SAFE_INTEGER, 1.5));

export function fitting(shape: Shape): fc.Arbitrary<unknown> {
  if ('oneOf' in shape) return fc.oneof(...shape.oneOf.map(fitting));
  switch (shape.type) {
    case 'null': return fc.constant(null);
    case 'boolean': return fc.boolean();
    case 'integer': return numbers.filter((n) => Number.isSafeInteger(n) && n >= (shape.minimum ?? -Infinity) && n <= (shape.maximum ?? Infinity));
    case 'string': return shape.enum ? fc.constantFrom(...shape.enum) : words.filter((word) => mismatch(shape, word) === undefined);
    case 'array': return fc.array(fitting(shape.items), { maxLength: 3 });
    case 'object': return fc.record(Object.fromEntries(Object.entries(shape.properties).map(([key, one]) => [key, fitting(one)])), { requiredKeys: [...shape.required] });
    default: return shape satisfies never;
  }
}

/** With one value replaced by something else, or one key more. */
export const nearlyFitting = (shape: Shape): fc.Arbitrary<unknown> =>
  fc.tuple(fitting(shape), fc.oneof(words, fc.constantFrom('__proto__', 'constructor', 'link', 'ns')), fc.jsonValue({ maxDepth: 3 })).map(([request, key, value]) => ({ ...(request as object), [key]: value }));
