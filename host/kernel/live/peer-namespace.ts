// In which of the two namespaces a veth's other end is. The kernel names namespaces by numbers that each namespace gives the others
// (linux/net_namespace.h).
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { Ns } from '../kernel.ts';
import { attributesAfter, Body, u32Of } from './attributes.ts';
import type { LiveContext } from './context.ts';

const RTM_GETNSID = 90;
const NETNSA = { NSID: 1, FD: 3 } as const;
/** NETNSA_NSID_NOT_ASSIGNED, -1 */
const NOT_GIVEN = 0xffffffff;
/** struct rtgenmsg, padded */
const HEADER = Buffer.alloc(4);

export type PeerNamespace = (ns: Ns, nsid: number | undefined) => Ns | 'elsewhere';

/** `nsid` is IFLA_LINK_NETNSID of a link in `ns`, which the kernel leaves out when both ends are there. */
export function peerNamespaces(context: LiveContext): PeerNamespace {
  const known = new Map<Ns, number>();
  const numberOfOther = (ns: Ns, other: Ns): number | undefined => {
    if (context.netnsId(other) === undefined) return undefined;
    const number = known.get(ns) ?? ask(context, ns, other);
    if (number !== undefined && number !== NOT_GIVEN) known.set(ns, number);
    return number;
  };
  return (ns, nsid) => {
    if (nsid === undefined) return ns;
    const other = ns === 'host' ? 'container' : 'host';
    return numberOfOther(ns, other) === nsid ? other : 'elsewhere';
  };
}

function ask(context: LiveContext, ns: Ns, other: Ns): number | undefined {
  try {
    const answer = context.route(ns).ask(RTM_GETNSID, new Body(HEADER).u32(NETNSA.FD, context.netnsFd(other)).done(), `name the ${other} namespace`);
    return answer && u32Of(attributesAfter(answer.body, HEADER.length).get(NETNSA.NSID));
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
