// Network configurations: sound ones of every plugin, and those with something put in place of a value, wherever it stands.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { blueChain } from '../support/fake-host.ts';

const PREV_RESULT = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'cni0' }, { name: 'veth00000001' }, { name: 'eth0', sandbox: '/run/netns/c1' }],
  ips: [{ address: '192.0.2.2/24', gateway: '192.0.2.1', interface: 2 }],
};
const FRAME = { cniVersion: '1.0.0', name: 'blue' };
const SOUND: Record<string, unknown>[] = [
  ...blueChain('nftables'), ...blueChain('iptables').map((plugin) => ({ ...plugin, prevResult: PREV_RESULT })),
  { type: 'bridge', isDefaultGateway: true, forceAddress: true, hairpinMode: true, mtu: 1400, ipam: { type: 'host-local', subnet: '192.0.2.0/24', rangeStart: '192.0.2.10', rangeEnd: '192.0.2.20', gateway: '192.0.2.1', routes: [{ dst: '0.0.0.0/0' }] }, dns: { nameservers: ['192.0.2.53'] } },
  { type: 'host-local', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] }, 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }] },
  { type: 'loopback' },
  { type: 'cni-wasm', plugins: blueChain('nftables') },
].map((plugin) => ({ ...FRAME, ...plugin }));

const strange = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1e308, 1.5, 2 ** 53, '', '::', '0.0.0.0/0', '192.0.2.0/31', '../../etc', 'a\nb', '\u0000', [], {}, [[]], [{}], 'x'.repeat(5000)),
  fc.jsonValue({ maxDepth: 2 }), fc.string({ maxLength: 12, unit: 'binary' }), fc.ipV4(), fc.ipV6(),
);
const key = fc.oneof(fc.constantFrom('name', 'cniVersion', 'NAME', 'type', 'ipam', 'prevResult', 'runtimeConfig', 'args', 'plugins', '__proto__', 'constructor', 'mtu', 'cni.dev/attachments'), fc.string({ maxLength: 8 }));

/** Half of them sound. */
export const anyConfig: fc.Arbitrary<Record<string, unknown>> = fc.tuple(
  fc.constantFrom(...SOUND), fc.array(fc.tuple(fc.nat(40), strange), { maxLength: 2 }), fc.option(fc.tuple(key, strange), { nil: undefined, freq: 3 }),
).map(([sound, changes, extra]) => {
  const config = changes.reduce<unknown>((value, [at, by]) => replaced(value, at, by), structuredClone(sound)) as Record<string, unknown>;
  return extra && typeof config === 'object' && config !== null ? { ...config, [extra[0]]: extra[1] } : config;
});

/** The value at leaf number `at`, counted round. */
function replaced(value: unknown, at: number, by: unknown): unknown {
  const places = leavesOf(value);
  const place = places[at % Math.max(places.length, 1)];
  if (!place) return by;
  // A copy: what is put in may be replaced in part by the next one.
  place.in[place.key as never] = structuredClone(by) as never;
  return value;
}

interface Place { in: Record<string, unknown> | unknown[]; key: string }

function leavesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]: [string, unknown]) => [{ in: value as Record<string, unknown>, key: name }, ...leavesOf(item)]);
}
