// The real kernel for one pair of namespaces.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel } from '../kernel.ts';
import { addrKernel } from './addr.ts';
import { conntrackKernel } from './conntrack.ts';
import { openContext, type Surroundings } from './context.ts';
import { firewalldOverBus } from './firewalld.ts';
import { iptablesKernel } from './iptables.ts';
import type { Libc } from './libc.ts';
import { linkKernel } from './link.ts';
import { neighKernel } from './neigh.ts';
import { nftKernel } from './nft.ts';
import { policyRuleKernel } from './policy-rule.ts';
import { microsecondTicks } from './psched.ts';
import { qdiscKernel } from './qdisc.ts';
import { routeKernel } from './route.ts';
import { sysctlKernel } from './sysctl.ts';
import { classKernel } from './tc-class.ts';
import { filterKernel } from './tc-filter.ts';

/** `netns` is a path as CNI_NETNS gives it, '' for the host's namespace alone. Throws CniError when it cannot be opened. */
export function liveKernel(libc: Libc, netns: string, surroundings: Surroundings = { env: process.env }): Kernel {
  const context = openContext(libc, netns, surroundings);
  const ticks = microsecondTicks();
  return {
    netnsId: (ns) => context.netnsId(ns),
    netnsMark: (ns) => context.netnsMark(ns),
    // One that was noted without a cookie, by an earlier version of this host or on an older kernel, says no more.
    isNetns: (ns, mark) => [context.netnsMark(ns), context.netnsId(ns)].includes(mark),
    link: linkKernel(context),
    addr: addrKernel(context),
    route: routeKernel(context),
    policyRule: policyRuleKernel(context),
    neigh: neighKernel(context),
    nft: nftKernel(context),
    iptables: iptablesKernel(context, surroundings.dialects),
    tc: { ...qdiscKernel(context, ticks), ...classKernel(context, ticks), ...filterKernel(context) },
    sysctl: sysctlKernel(context, surroundings.sysctls),
    conntrack: conntrackKernel(context),
    firewalld: firewalldOverBus(surroundings.env),
    close: () => context.close(),
  };
}
