// Several bridges of a node with one gateway, as networks with fe80::1 on each have it: the second is attached as the first.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import { skip } from '../support/node.ts';
import { bridge, list, ok, same } from './scenes.ts';
import { add, C1, call, fresh, type Container } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');

const C2: Container = { id: 'c2', netns: '/run/netns/c2', ifname: 'eth0' };
const on = (name: string, subnet: string, gateway: string) =>
  list(bridge({ bridge: name, isDefaultGateway: true, forceAddress: true, ipam: { type: 'host-local', ranges: [[{ subnet, gateway }]] } }));

for (const [what, gateway, first, second] of [
  ['a link-local gateway', 'fe80::1', '2001:db8:1::/64', '2001:db8:2::/64'],
  ['one subnet', '192.0.2.1', '192.0.2.0/24', '192.0.2.0/24'],
] as const) {
  same(`two bridges with ${what}`, (who) => {
    fresh('c1', 'c2');
    add(who, on('cni0', first, gateway), C1);
    const chain = on('cni1', second, gateway);
    return ok(call(who, 'ADD', chain, chain.plugins[0]!, C2));
  }, true);
}

test.run();
