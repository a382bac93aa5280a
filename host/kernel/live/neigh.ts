// Neighbour entries over rtnetlink (linux/neighbour.h).
// SPDX-License-Identifier: Apache-2.0

import { AF, formatAddress, parseAddress } from '../address.ts';
import type { NeighKernel } from '../kernel.ts';
import { attributesAfter, Body } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { macBytes, macText } from './hardware-address.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink.ts';

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
const NDA = { DST: 1, LLADDR: 2, IFINDEX: 8 } as const;
/** The kernel's own entries for multicast and broadcast; `ip neigh` leaves them out too. */
const NUD_NOARP = 0x40;
const NUD_PERMANENT = 0x80;

export function neighKernel(context: LiveContext): NeighKernel {
  return {
    list: (ns, index) => Object.values(AF).flatMap((family) =>
      context.route(ns).dumpFamily(family, RTM_GETNEIGH, new Body(header(family, 0, 0)).u32(NDA.IFINDEX, index).done(), 'list neighbours').flatMap(({ body }) => {
        const attributes = attributesAfter(body, 12);
        const [ip, mac] = [attributes.get(NDA.DST), attributes.get(NDA.LLADDR)];
        if (!ip || body.readUInt32LE(4) !== index || body.readUInt16LE(8) === NUD_NOARP) return [];
        return [{ index, ip: formatAddress(ip), state: body.readUInt16LE(8), ...(mac ? { mac: macText(mac) } : {}) }];
      })),
    add: (ns, index, ip, mac) => void context.route(ns).request(
      RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, entry(index, ip, NUD_PERMANENT).attribute(NDA.LLADDR, macBytes(mac)).done(),
      `add neighbour ${ip} to interface ${index}`),
    delete: (ns, index, ip) => void context.route(ns).request(RTM_DELNEIGH, 0, entry(index, ip, 0).done(), `delete neighbour ${ip} of interface ${index}`),
  };
}

function entry(index: number, ip: string, state: number): Body {
  const { family, bytes } = parseAddress(ip);
  return new Body(header(family, index, state)).attribute(NDA.DST, bytes);
}

/** struct ndmsg */
function header(family: number, index: number, state: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt8(family, 0);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt16LE(state, 8);
  return bytes;
}
