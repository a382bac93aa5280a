// Deleting connection tracking entries over ctnetlink (linux/netfilter/nfnetlink_conntrack.h).
// SPDX-License-Identifier: Apache-2.0

import { AF, formatAddress, parseAddress } from '../address.ts';
import { KernelError, unlessGone } from '../kernel-error.ts';
import type { ConntrackKernel } from '../kernel.ts';
import { protocolNumber } from '../protocols.ts';
import { attributesAfter, attributesOf, beOf, Body, NESTED, u8Of, type Attributes } from './attributes.ts';
import type { LiveContext } from './context.ts';
import type { NetlinkSocket } from './netlink.ts';

const CT_GET = 0x101;
const CT_DELETE = 0x102;
const CT_GET_STATS = 0x105;
const CTA = { TUPLE_ORIG: 1, ID: 12, ZONE: 18, FILTER: 25 } as const;
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const;
const CTA_IP_DST = { ip: 2, ip6: 4 } as const;
const CTA_PROTO = { NUM: 1, DST_PORT: 3 } as const;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_STATS_GLOBAL_ENTRIES = 1;
const FILTER_BY_PROTO_NUM = 0x08;
const FILTER_BY_DST_PORT = 0x20;
/** struct nfgenmsg */
const HEADER = 4;
/** nfgenmsg.version of a deletion: in 0 the family says nothing. */
const WITH_FAMILY = 1;
/**
 * More ports are looked for in one listing of the protocol. Deletions by a filter take 0.3 ms for each port, and 2 or 18 among 10,000 or 50,000 connections of any
 * kind; one listing takes 11, 14 and 28, and 2 for each 1,000 connections of the protocol (Linux 6.18, a table of 262,144).
 */
const MOST_PORTS = 24;

type Wanted = Parameters<ConntrackKernel['delete']>[1];

export function conntrackKernel(context: LiveContext): ConntrackKernel {
  return {
    delete(ns, wanted) {
      const socket = context.netfilter(ns);
      if (wanted.dports.length === 0) return 0;
      if (wanted.daddr === undefined && wanted.dports.length <= MOST_PORTS && areFlushed(socket, wanted)) return undefined;
      if (isEmpty(socket)) return 0;
      const isWanted = matcher(wanted);
      const what = `${wanted.proto} port ${wanted.dports.join(', ')}`;
      const entries = socket.dump(CT_GET, question(wanted), `list connections to ${what}`)
        .map(({ body }) => attributesAfter(body, HEADER)).filter((entry) => isWanted(entry));
      let deleted = 0;
      for (const entry of entries) {
        // It may have timed out in between.
        if (unlessGone(() => socket.request(CT_DELETE, 0, identity(wanted, entry), `delete a connection to ${what}`))) deleted++;
      }
      return deleted;
    },
  };
}

/**
 * Kernels from 6.12 on delete by a filter, passing over what is empty of their table. Older ones take the question for one about a single entry, which
 * lacks its addresses (EINVAL).
 */
function areFlushed(socket: NetlinkSocket, { family, proto, dports }: Wanted): boolean {
  try {
    for (const port of dports) socket.request(CT_DELETE, 0, question({ family, proto, dports: [port] }, WITH_FAMILY), `delete connections to ${proto} port ${port}`);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === 'EINVAL') return false;
    throw error;
  }
}

/** A listing walks through a table that has its size from the machine's memory: 8 ms, even when nothing is in it. */
function isEmpty(socket: NetlinkSocket): boolean {
  const [stats] = socket.request(CT_GET_STATS, 0, header('ip'), 'count connections');
  return stats !== undefined && beOf(attributesAfter(stats.body, HEADER).get(CTA_STATS_GLOBAL_ENTRIES), 4) === 0;
}

/**
 * Kernels from 5.8 on list only what is asked for; a node may have a hundred thousand connections. They are not asked for the address: with
 * IPv6 they then list the others (seen with 6.18).
 */
function question({ family, proto, dports: [first = 0, ...others] }: Wanted, version = 0): Buffer {
  const byPort = others.length === 0;
  return new Body(header(family, version)).nest(CTA.TUPLE_ORIG, (tuple) => tuple.nest(CTA_TUPLE.PROTO, (l4) => {
    l4.u8(CTA_PROTO.NUM, protocolNumber(proto));
    if (byPort) l4.be16(CTA_PROTO.DST_PORT, first);
  })).nest(CTA.FILTER, (filter) => filter.u32(CTA_FILTER_ORIG_FLAGS, byPort ? FILTER_BY_PROTO_NUM | FILTER_BY_DST_PORT : FILTER_BY_PROTO_NUM)).done();
}

/** Older kernels list everything. */
function matcher({ family, proto, dports, daddr }: Wanted): (entry: Attributes) => boolean {
  const address = daddr === undefined ? undefined : formatAddress(parseAddress(daddr).bytes);
  const [protocol, asked] = [protocolNumber(proto), new Set(dports)];
  return (entry) => {
    const tuple = attributesOf(entry.get(CTA.TUPLE_ORIG));
    const l4 = attributesOf(tuple.get(CTA_TUPLE.PROTO));
    const port = l4.get(CTA_PROTO.DST_PORT);
    const to = attributesOf(tuple.get(CTA_TUPLE.IP)).get(CTA_IP_DST[family]);
    return u8Of(l4.get(CTA_PROTO.NUM)) === protocol && port?.length === 2 && asked.has(port.readUInt16BE(0)) &&
      to !== undefined && (address === undefined || formatAddress(to) === address);
  };
}

/** The tuple is never left out: without it the kernel would delete every entry there is. */
function identity({ family }: Wanted, entry: Attributes): Buffer {
  const body = new Body(header(family)).attribute(CTA.TUPLE_ORIG | NESTED, entry.get(CTA.TUPLE_ORIG)!);
  for (const type of [CTA.ZONE, CTA.ID]) {
    const value = entry.get(type);
    if (value) body.attribute(type, value);
  }
  return body.done();
}

const header = (family: Wanted['family'], version = 0): Buffer => Buffer.from([AF[family], version, 0, 0]);
