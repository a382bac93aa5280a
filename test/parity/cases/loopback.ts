// Loopback: its life at every version, and what may stand in its way.
// SPDX-License-Identifier: Apache-2.0

import { at, life, listOf, VERSIONS, type Case } from '../case.ts';

const list = listOf({ type: 'loopback' });
const foreign = { shell: 'ip -n c1 addr add 192.0.2.7/32 dev lo' };

export const loopback: Case[] = [
  ...VERSIONS.map((version) => ({ name: `loopback: a life at ${version}`, steps: life(at(version, list)) })),
  { name: 'loopback: an address that is none of lo is an error', steps: [foreign, { verb: 'ADD', list }] },
  { name: 'loopback: CHECK when lo is down', steps: [{ verb: 'ADD', list }, { shell: 'ip -n c1 link set lo down' }, { verb: 'CHECK', list }] },
  { name: 'loopback: CNI_IFNAME is of no concern', steps: life(list, { ifname: 'net7' }) },
  { name: 'loopback: GC and STATUS succeed and do nothing', steps: [{ verb: 'STATUS', list: at('1.1.0', list) }, { verb: 'GC', list: at('1.1.0', list) }] },
  { name: 'loopback: hands a prevResult on', steps: life(listOf({ type: 'bridge', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }, { type: 'loopback' })) },
];
