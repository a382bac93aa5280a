// Deleting connection tracking entries over ctnetlink (linux/netfilter/nfnetlink_conntrack.h).
// SPDX-License-Identifier: Apache-2.0

import { formatAddress, canonicalAddress } from '../address.ts';
import { isNotFound } from '../kernel-error.ts';
import type { ConntrackKernel } from '../kernel.ts';
import { attributesOf, Body, u8Of } from './attributes.ts';
import type { LiveContext } from './context.ts';

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = 1;
const IPCTNL_MSG_CT_DELETE = 2;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const;
const CTA_IP_DST = { ip: 2, ip6: 4 } as const;
const CTA_PROTO = { NUM: 1, DST_PORT: 3 } as const;
const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const;
const AF = { ip: 2, ip6: 10 } as const;

export function conntrackKernel(context: LiveContext): ConntrackKernel {
  return {
    delete(ns, { family, proto, dport, daddr }) {
      const socket = context.netfilter(ns);
      const header = Buffer.from([AF[family], 0, 0, 0]);
      const wanted = daddr === undefined ? undefined : canonicalAddress(daddr);
      const found = socket.dump((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET, header, 'list conntrack entries')
        .map(({ body }) => attributesOf(body.subarray(4)).get(CTA_TUPLE_ORIG))
        .filter((tuple) => {
          const parts = attributesOf(tuple);
          const l4 = attributesOf(parts.get(CTA_TUPLE.PROTO));
          const port = l4.get(CTA_PROTO.DST_PORT);
          const address = attributesOf(parts.get(CTA_TUPLE.IP)).get(CTA_IP_DST[family]);
          return u8Of(l4.get(CTA_PROTO.NUM)) === PROTO[proto] && port?.readUInt16BE(0) === dport && (wanted === undefined || (address && formatAddress(address) === wanted));
        });
      let deleted = 0;
      for (const tuple of found) {
        try {
          socket.request((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE, 0, new Body(header).attribute(CTA_TUPLE_ORIG | 0x8000, tuple!).done(), 'delete a conntrack entry');
          deleted++;
        } catch (error) {
          // It timed out in between.
          if (!isNotFound(error)) throw error;
        }
      }
      return deleted;
    },
  };
}
