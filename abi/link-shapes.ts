// A link as the operations of abi/ops.ts answer it, and the words it is described with.
// SPDX-License-Identifier: Apache-2.0

import { boolean, integer, list, object, oneWord, string } from './shape.ts';

export const handle = integer('a link handle the host has minted in this call', 1, 0x7fffffff);
export const ifname = string('interface name, 1 to 15 bytes', { maxLength: 15 });
export const mtu = integer('bytes', 0, 0x7fffffff);

export const vlans = list(object({
  id: integer('VLAN', 1, 4094),
  'last?': integer('all from id to this one', 1, 4094),
  'pvid?': boolean('frames without a tag belong to it; at most one, and no range'),
  'untagged?': boolean('leaves the port without a tag'),
}), 'VLANs of a bridge port; of two entries for one VLAN the later counts', 4094);

export const link = object({
  link: handle,
  name: ifname,
  kind: string('kernel link kind: veth, bridge, ifb, …; empty for devices without one'),
  mtu,
  mac: string('hardware address'),
  up: boolean('IFF_UP is set'),
  state: string('RFC 2863 operational state: up, down, lowerlayerdown, unknown, …'),
  promisc: boolean('IFF_PROMISC is set'),
  allmulti: boolean('IFF_ALLMULTI is set'),
  txqlen: integer('packets'),
  'peer?': integer('interface index of the other end (IFLA_LINK), in its own namespace'),
  'master?': integer('interface index of the bridge it is a port of'),
  index: integer('interface index'),
  'hairpin?': boolean('bridge port flag'),
  'isolated?': boolean('bridge port flag'),
  'vlanFiltering?': boolean('bridges only'),
  'vlans?': vlans,
  owner: oneWord('who made it: this attachment, this network, or someone else', 'attachment', 'network', 'foreign'),
});
