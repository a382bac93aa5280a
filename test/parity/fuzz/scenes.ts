// Any sequence of calls about any list, on a node that may not be empty.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { atLeast, VERSIONS, type Json, type List, type ListStep, type Step, type Target } from '../case.ts';
import { alone, args, main, meta, offers, usualOffers } from './configurations.ts';

export interface Scene {
  steps: Step[];
  /** those after which the node, or the configuration, is no more what ADD has seen */
  disturbing: ReadonlySet<Step>;
}

const version = fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...VERSIONS) }, { weight: 2, arbitrary: fc.constantFrom('0.4.0', '1.0.0', '1.1.0') });
const plugins: fc.Arbitrary<Json[]> = fc.oneof(
  { weight: 5, arbitrary: main.map((plugin) => [plugin]) },
  { weight: 8, arbitrary: fc.tuple(main, fc.array(meta, { minLength: 1, maxLength: 3 })).map(([first, more]) => [first, ...more]) },
  { weight: 3, arbitrary: alone.map((plugin) => [plugin]) },
  { weight: 1, arbitrary: fc.array(fc.oneof(main, meta, alone), { minLength: 2, maxLength: 3 }) },
);

/** A bridge that had a port: what the kernel then keeps of it no failed ADD takes back. */
const bridgeThere = (name: string, mac: string, ...addresses: string[]): string => [
  `ip link add ${name} address ${mac} type bridge; ip link add port type veth peer other; ip link set port master ${name} up; ip link set ${name} up; ip link del port; ip link set ${name} down`,
  ...addresses.map((address) => `ip addr add ${address} dev ${name}; ip link set ${name} up`),
].join('; ');
/** Without a gateway a bridge has the lowest address of its ports, which are random. */
const PINNED = ['cni0', 'br1', 'br2'].map((name, i) => bridgeThere(name, `02:00:00:00:01:0${i}`)).join('; ');

/** What was there before. */
const LEFT = [
  bridgeThere('br1', '02:00:00:00:00:01'), bridgeThere('br1', '02:00:00:00:00:01', '192.0.2.1/24'), bridgeThere('br1', '02:00:00:00:00:01', '203.0.113.1/24', '2001:db8::99/64'), 'ip link add br1 type dummy', 'ip -n c1 link add eth0 type dummy',
  'iptables -t nat -N CNI-HOSTPORT-DNAT; iptables -P FORWARD DROP; iptables -A FORWARD -s 203.0.113.9 -j DROP', 'iptables -N CNI-FORWARD; iptables -N CNI-ADMIN; iptables -A CNI-ADMIN -j ACCEPT',
  'nft add table ip cni_hostport; nft add chain ip cni_hostport mine', 'nft add table inet cni_plugins_masquerade; nft add table bridge nat', 'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'mkdir -p /var/lib/cni/networks/blue; cd /var/lib/cni/networks/blue; printf "c9\\r\\neth0" > 192.0.2.2; printf c1 > 192.0.2.3; printf 192.0.2.200 > last_reserved_ip.0', 'mkdir -p /var/lib/cni/networks/blue; cd /var/lib/cni/networks/blue; printf x > last_reserved_ip.0; mkdir 192.0.2.2',
  'mkdir -p /etc/cni/tuning; echo "^net.ipv4" > /etc/cni/tuning/allowlist.conf', 'mkdir -p /run/cni; echo x > /run/cni/tuning',
];
/** What happens to a node in between. */
const HAPPENS = [
  'ip -n c1 link del eth0', 'ip -n c1 addr flush dev eth0', 'ip -n c1 link set eth0 down', 'ip -n c1 link set eth0 mtu 1300', 'ip -n c1 link set lo down', 'ip -n c1 route flush table main', 'ip link set br1 down',
  'iptables -t nat -F POSTROUTING', 'iptables -F CNI-FORWARD', 'nft flush ruleset', 'rm -r /var/lib/cni/networks/blue',
];
const shell = (scripts: readonly string[]): fc.Arbitrary<Step> => fc.constantFrom(...scripts).map((script) => ({ shell: `(${script}) 2>/dev/null; true` }));

const OTHERS: readonly Target[] = [{ ifname: 'eth1' }, { containerId: 'c2', netns: '/run/netns/c2' }, { containerId: 'c1.2_x-y', ifname: 'net1' }];
const ATTACHMENTS = [{}, ...OTHERS].map(({ containerId = 'c1', ifname = 'eth0' }: Target) => ({ containerID: containerId, ifname }));

interface Move { verb: ListStep['verb']; target: Target; /** with another configuration: of the same network, or of a second one */ list?: 'changed' | 'second'; forget?: true }
const move = (verb: Move['verb'], more: Partial<Move> = {}): Move => ({ verb, target: {}, ...more });
const moves: fc.Arbitrary<Move | Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(move('CHECK')) },
  { weight: 4, arbitrary: fc.constantFrom(move('DEL'), move('ADD')) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('ADD' as const, 'CHECK' as const, 'DEL' as const), fc.constantFrom(...OTHERS)).map(([verb, target]) => move(verb, { target })) },
  { weight: 2, arbitrary: fc.constantFrom(move('GC'), move('STATUS')) },
  { weight: 2, arbitrary: fc.constantFrom(move('ADD', { list: 'second', target: { ifname: 'eth1' } }), move('DEL', { list: 'second', target: { ifname: 'eth1' } })) },
  { weight: 1, arbitrary: fc.constantFrom(move('DEL', { forget: true }), move('DEL', { list: 'changed', forget: true }), move('CHECK', { list: 'changed' })) },
  { weight: 1, arbitrary: shell(HAPPENS) },
);

export const scene: fc.Arbitrary<Scene> = fc.record({
  cniVersion: version, usual: plugins, changed: plugins, args,
  offers: fc.oneof({ weight: 2, arbitrary: usualOffers }, { weight: 2, arbitrary: offers }, { weight: 1, arbitrary: fc.constant({} as Json) }),
  left: fc.option(shell(LEFT), { freq: 2 }), after: fc.array(moves, { maxLength: 4 }),
}).map((all) => {
  const lists: Record<'usual' | 'changed' | 'second', List> = {
    usual: { cniVersion: all.cniVersion, name: 'blue', plugins: all.usual }, changed: { cniVersion: all.cniVersion, name: 'blue', plugins: all.changed }, second: { cniVersion: all.cniVersion, name: 'green', plugins: all.changed },
  };
  const step = ({ verb, target, list, forget }: Move): ListStep => ({
    verb, list: verb === 'GC' ? listing(lists[list ?? 'usual']) : lists[list ?? 'usual'], offers: all.offers, ...(all.args === undefined ? {} : { args: all.args }), ...target, ...(forget ? { forget } : {}),
  });
  const disturbing = new Set<Step>();
  const attached = new Set<string>();
  const played = (one: Move): ListStep => {
    const key = `${one.list === 'second' ? 'green' : 'blue'} ${JSON.stringify(one.target)}`;
    const isThere = attached.has(key);
    if (one.verb === 'ADD') attached.add(key);
    if (one.verb === 'DEL') attached.delete(key);
    // A runtime has no result any more when DEL comes again.
    const it = step(one.verb === 'DEL' && !isThere ? { ...one, forget: true } : one);
    if (isThere && (one.forget || one.list === 'changed')) disturbing.add(it);
    return it;
  };
  const first = played(move('ADD'));
  const steps = all.after.flatMap((one): Step[] => {
    if ('target' in one) return makesSense(one, lists[one.list ?? 'usual']) ? [played(one)] : [];
    disturbing.add(one);
    return [one];
  });
  const adds = steps.filter((one) => 'verb' in one && one.verb === 'ADD').length;
  const furniture = [...(steps.some((one) => 'netns' in one) ? ['ip netns add c2'] : []), ...(adds > 0 ? [PINNED] : [])].map((script) => ({ shell: script }));
  return { steps: [...furniture, ...(all.left ? [all.left] : []), first, ...steps, played(move('DEL'))], disturbing };
});

/** The version has the verb; and the reference's bridge has no CHECK without IPAM. */
function makesSense({ verb }: Move, { cniVersion, plugins: chain }: List): boolean {
  if (verb === 'ADD' || verb === 'DEL') return true;
  if (!atLeast(cniVersion, verb === 'CHECK' ? '0.4.0' : '1.1.0')) return false;
  return verb !== 'CHECK' || chain.every(({ type, ipam }) => type !== 'bridge' || Boolean((ipam as Json | null | undefined)?.['type']));
}

/** Everything is valid: there is nothing to collect. */
const listing = (list: List): List => ({ ...list, plugins: list.plugins.map((plugin) => ({ ...plugin, 'cni.dev/valid-attachments': ATTACHMENTS, 'cni.dev/attachments': ATTACHMENTS })) });
