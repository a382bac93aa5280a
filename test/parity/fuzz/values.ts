// What keys may hold: mostly what somebody would write, at times what nobody should.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';

type Any = fc.Arbitrary<unknown>;

const ODD = fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 4096, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, '', ' ', 'x', '0', 'true', '192.0.2.7', '192.0.2.0/24', [], {}, [null], [[]], [{}], ['x'], [7], { x: 1 });

/** One in a hundred is odd. */
export const mostly = (usual: Any): Any => fc.oneof({ weight: 99, arbitrary: usual }, { weight: 1, arbitrary: ODD });
/** Usual ones, and now and then one at the edge. */
export const seldom = (usual: readonly unknown[], edges: readonly unknown[]): Any =>
  mostly(fc.oneof({ weight: 29, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...edges) }));
export const either = (...values: unknown[]): Any => mostly(fc.constantFrom(...values));
export const flag = either(true, true, false);
export const listed = (item: Any, maxLength = 3): Any => mostly(fc.array(item, { maxLength }));

/** An object of keys that are there always, and of some that are there one time in `rare`. */
export function object(always: Record<string, Any>, optional: Record<string, Any> = {}, rare = 5): Any {
  const maybe = Object.entries(optional).map(([key, value]) => fc.oneof({ weight: rare - 1, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(spelled(key), value).map((entry) => [entry]) }));
  const fixed = Object.entries(always).map(([key, value]) => fc.tuple(spelled(key), value).map((entry) => [entry]));
  return fc.tuple(...fixed, ...maybe).map((entries) => Object.fromEntries(entries.flat() as [string, unknown][]));
}

/** Keys are read without regard to case. */
function spelled(key: string): fc.Arbitrary<string> {
  if (key === 'type' || key === 'capabilities') return fc.constant(key);
  return fc.oneof({ weight: 40, arbitrary: fc.constant(key) }, { weight: 1, arbitrary: fc.constantFrom(key.toUpperCase(), key.toLowerCase(), key[0]!.toUpperCase() + key.slice(1)) });
}

export const subnet = seldom(
  ['192.0.2.0/24', '192.0.2.0/24', '192.0.2.0/24', '2001:db8::/64', '2001:db8::/64', '198.51.100.0/28', '192.0.2.128/25', '192.0.2.0/29', '192.0.2.0/30', '2001:db8::/112', '2001:db8::/126', '2001:db8:0:1::/64'],
  ['192.0.2.5/24', '192.0.2.0/31', '192.0.2.7/32', '192.0.2.0/33', '192.0.2.0', '2001:db8::5/64', '2001:db8::/127', '2001:db8::/128', '2001:DB8:0::/64', '0.0.0.0/0', '::/0', '0.0.0.0/8', '255.255.255.0/24', '192.000.002.0/24', '192.0.2.0/024', '192.0.2.0/255.255.255.0', ' 192.0.2.0/24', 'fe80::/64', 'ff00::/64', '127.0.0.0/8', '224.0.0.0/24', '::/64'],
);
export const address = seldom(
  ['192.0.2.1', '192.0.2.2', '192.0.2.5', '192.0.2.7', '192.0.2.9', '2001:db8::1', '2001:db8::2', '2001:db8::7', '198.51.100.3', '192.0.2.130'],
  ['192.0.2.0', '192.0.2.255', '192.0.2.254', '2001:db8::', '2001:db8::ffff:ffff:ffff:ffff', '::', '0.0.0.0', '::ffff:192.0.2.9', '2001:DB8::9', '192.0.2', '192.0.2.09', 'fe80::1', 'fe80::1%eth0', '192.0.2.9/24', '255.255.255.255', '127.0.0.1', '::1', ' 192.0.2.9', '3221225993'],
);
export const cidr = seldom(
  ['192.0.2.2/24', '192.0.2.5/24', '192.0.2.9/24', '2001:db8::2/64', '2001:db8::7/64', '198.51.100.3/28', '192.0.2.130/25'],
  ['192.0.2.9/32', '192.0.2.9/31', '192.0.2.0/24', '192.0.2.255/24', '192.0.2.9/0', '2001:db8::9/128', '2001:db8::/64', '::ffff:192.0.2.9/120', '::ffff:192.0.2.9/24', '2001:DB8::A/64', '192.0.2.9', '192.0.2.9/', '192.0.2.9/33', '192.0.2.9/024', '192.0.2.9/+24', '0.0.0.0/0', '127.0.0.9/8', 'fe80::9/64', '224.0.0.9/4', ''],
);
export const destination = seldom(
  ['0.0.0.0/0', '::/0', '203.0.113.0/24', '203.0.113.7/32', '2001:db8:9::/48', '198.51.100.0/24'],
  ['203.0.113.7/24', '::ffff:203.0.113.0/120', '2001:db8:9::7/64', '192.0.2.0/24', '2001:db8::/64', '203.0.113.0', '203.0.113.0/33', '', '0.0.0.0/32', '203.0.113.7/0', 'fe80::/10', '127.0.0.0/8', '224.0.0.0/4', '2001:DB8:9::/48', 'default'],
);
export const route = mostly(object({ dst: destination }, {
  gw: address,
  priority: seldom([7, 100, 0], [1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32]),
  table: seldom([100, 254], [0, 255, 253, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -1]),
  scope: seldom([0, 253], [200, 254, 255, 256, -1]),
  mtu: seldom([1300, 1400], [0, 1, 67, 65_536, -1]),
  advmss: seldom([1200], [0, 1, 40, 65_536, -1]),
}, 6));
export const dns = mostly(object({}, {
  nameservers: listed(address, 2), domain: either('example.org', ''), search: listed(either('example.org', 'example.net', ''), 2), options: listed(either('ndots:5', 'a b', ''), 2),
}, 2));
export const mac = seldom(['02:00:00:00:00:0a', '02:00:00:00:00:0b'], ['02-00-00-00-00-0A', '0200.0000.000a', '02:00:00:00:00:0A', '', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '01:00:00:00:00:01', '02:00:00:00:00', '02:00:00:00:00:00:00:0a', '2:0:0:0:0:a', '02:00:00:00:00:0g']);
export const mtu = seldom([1400, 1500, 1280, 9000], [0, -1, 67, 68, 1279, 65_535, 65_536, 2 ** 31, '1400']);
