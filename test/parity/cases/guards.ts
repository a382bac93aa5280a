// Bridge keys that guard a port: hardware addresses and VLANs. This machine's kernel may lack VLAN filtering; the error is compared then.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { at, hostLocal, life, listOf, VERSIONS, type Case, type Json, type List } from '../case.ts';

const V4 = '192.0.2.0/24';
const list = (keys: Json): List => listOf({ type: 'bridge', bridge: 'br1', isGateway: true, ipam: hostLocal(V4), ...keys });
/** Both say so, ours with more words. */
const LACKS_VLANS = ((): readonly string[] => {
  const { status } = spawnSync('ip', ['link', 'add', 'filters', 'type', 'bridge', 'vlan_filtering', '1']);
  if (status === 0) spawnSync('ip', ['link', 'del', 'filters']);
  return status === 0 ? [] : ['kernel-words', 'details'];
})();
const spoof = { macspoofchk: true };

export const guards: Case[] = [
  ...VERSIONS.map((version): Case => ({ name: `bridge: spoof check at ${version}`, steps: life(at(version, list(spoof))), differs: version === '1.1.0' ? ['mtu'] : [] })),
  { name: 'bridge: spoof check of a MAC that is asked for', steps: life(list({ ...spoof, args: { cni: { mac: '02:00:00:00:00:0a' } } })) },
  { name: 'bridge: spoof check at layer 2', steps: life(listOf({ type: 'bridge', bridge: 'br1', ...spoof })), differs: ['l2-check'] },
  { name: 'bridge: spoof check of a container with a long id', steps: life(list(spoof), { containerId: 'c'.repeat(200) }), differs: ['spoof-comment'] },
  { name: 'bridge: spoof check of two containers', steps: [...life(list(spoof)).slice(0, 1), { shell: 'ip netns add c2' }, ...life(list(spoof), { containerId: 'c2', netns: '/run/netns/c2' }), { verb: 'DEL', list: list(spoof) }] },
  { name: 'bridge: spoof check of two interfaces', steps: [...life(list(spoof)).slice(0, 1), ...life(list(spoof), { ifname: 'eth1' }), { verb: 'DEL', list: list(spoof) }] },
  { name: "bridge: spoof check beside somebody else's rules", steps: [{ shell: "nft 'add table bridge nat; add chain bridge nat PREROUTING { type filter hook prerouting priority -300; policy accept; }; add rule bridge nat PREROUTING ether type 0x88cc drop'" }, ...life(list(spoof))] },
  ...[{ vlan: 100 }, { vlan: 100, preserveDefaultVlan: true }, { vlanTrunk: [{ minID: 5, maxID: 9 }, { id: 20 }] }, { vlanTrunk: [] }, { vlan: 7, vlanTrunk: [{ id: 20 }], ...spoof }]
    .map((keys): Case => ({ name: `bridge: ${JSON.stringify(keys)}`, steps: life(list(keys)), differs: LACKS_VLANS })),
  { name: 'bridge: a VLAN on a bridge that is there', steps: [{ shell: 'ip link add br1 address 02:00:00:00:00:01 type bridge && ip link set br1 up' }, ...life(list({ vlan: 100 }))], differs: LACKS_VLANS.length > 0 ? [...LACKS_VLANS, 'rollback'] : [] },
  { name: 'bridge: preserveDefaultVlan alone', steps: life(list({ preserveDefaultVlan: true })) },
];
