// Addresses over rtnetlink (linux/if_addr.h).
// SPDX-License-Identifier: Apache-2.0

import { AF, broadcastOf, formatPrefix, parsePrefix, type AddressFamily, type Prefix } from '../address.ts';
import { unlessGone } from '../kernel-error.ts';
import type { Addr, AddrKernel } from '../kernel.ts';
import { attributesAfter, Body, u32Of } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE, NLM_F_EXCL, type NetlinkSocket } from './netlink.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

export function addrKernel(context: LiveContext): AddrKernel {
  // Kernels before 4.20 give those of all links.
  const listFamily = (socket: NetlinkSocket, family: AddressFamily, index: number): Addr[] =>
    socket.dumpFamily(family, RTM_GETADDR, header(family, 0, index), 'list addresses')
      .map(({ body }) => parseAddr(body))
      .filter((addr) => index === 0 || addr.index === index);
  return {
    list(ns, index = 0) {
      const socket = context.route(ns);
      return unlessGone(() => Object.values(AF).flatMap((family) => listFamily(socket, family, index))) ?? [];
    },
    add(ns, index, address) {
      const prefix = parsePrefix(address);
      const body = target(prefix, index);
      const broadcast = broadcastOf(prefix);
      if (broadcast) body.attribute(IFA.BROADCAST, broadcast);
      context.route(ns).request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body.done(), `add address ${address} to interface ${index}`);
    },
    delete: (ns, index, address) =>
      void context.route(ns).request(RTM_DELADDR, 0, target(parsePrefix(address), index).done(), `delete address ${address} of interface ${index}`),
  };
}

const target = ({ family, bytes, length }: Prefix, index: number): Body =>
  new Body(header(family, length, index)).attribute(IFA.LOCAL, bytes).attribute(IFA.ADDRESS, bytes);

/** struct ifaddrmsg; scope universe, as the reference's */
function header(family: number, length: number, index: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(family, 0);
  bytes.writeUInt8(length, 1);
  bytes.writeUInt32LE(index, 4);
  return bytes;
}

function parseAddr(body: Buffer): Addr {
  const attributes = attributesAfter(body, 8);
  const long = attributes.get(IFA.FLAGS);
  const flags = long ? u32Of(long) : body.readUInt8(2);
  return {
    index: body.readUInt32LE(4),
    address: formatPrefix(attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS) ?? Buffer.alloc(4), body.readUInt8(1)),
    scope: body.readUInt8(3),
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    dadFailed: (flags & IFA_F_DADFAILED) !== 0,
  };
}
