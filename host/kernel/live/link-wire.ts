// Numbers and the fixed header of rtnetlink's link messages (linux/rtnetlink.h, linux/if_link.h).
// SPDX-License-Identifier: Apache-2.0

import { zeros } from './attributes.ts';

export const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19 } as const;
export const AF_BRIDGE = 7;
export const IFLA = {
  ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, MASTER: 10, PROTINFO: 12, TXQLEN: 13, OPERSTATE: 16, LINKINFO: 18, IFALIAS: 20, AF_SPEC: 26, GROUP: 27,
  NET_NS_FD: 28, EXT_MASK: 29, NUM_TX_QUEUES: 31, LINK_NETNSID: 37,
} as const;

/** struct ifinfomsg */
export function header({ family = 0, index = 0, flags = 0, change = 0 }: { family?: number; index?: number; flags?: number; change?: number }): Buffer {
  const bytes = zeros(16);
  bytes.writeUInt8(family, 0);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(change, 12);
  return bytes;
}
