// What the live kernel holds in one namespace, as the state of a fake one. Tables of rules are read when they are asked for: overlay-kernel.ts.
// SPDX-License-Identifier: Apache-2.0

import { newNamespace, type FakeLink, type FakeNamespace } from '../kernel/fake/state.ts';
import type { Kernel, Link, Ns } from '../kernel/kernel.ts';

export function snapshotOf(live: Kernel, ns: Ns): FakeNamespace {
  const links = live.link.list(ns);
  const qdiscs = live.tc.qdiscs(ns);
  return {
    ...newNamespace(live.netnsId(ns)!),
    links: links.map((link) => fakeLinkOf(live, ns, link)),
    addrs: live.addr.list(ns),
    routes: live.route.list(ns),
    rules: [...live.policyRule.list(ns, 'ip'), ...live.policyRule.list(ns, 'ip6')],
    neighs: links.flatMap(({ index }) => live.neigh.list(ns, index)),
    qdiscs,
    classes: qdiscs.filter(({ kind }) => kind === 'htb').flatMap(({ index }) => live.tc.classes(ns, index)),
    filters: qdiscs.filter(({ kind }) => kind === 'htb' || kind === 'ingress').flatMap(({ index, handle }) => live.tc.filters(ns, index, handle)),
    nextIndex: Math.max(...links.map(({ index }) => index)) + 1,
  };
}

/** Whether someone has set a bridge's MAC and MTU the kernel does not tell: in a plan they stay as they are. */
function fakeLinkOf(live: Kernel, ns: Ns, { state: _, peer, peerNs = 'elsewhere', ...link }: Link): FakeLink {
  return {
    ...link,
    ...(peer === undefined ? {} : { peer: { ns: peerNs, index: peer } }),
    ...(link.kind === 'bridge' ? { fixed: { mac: true, mtu: true } } : {}),
    ...(link.port ? { vlans: live.link.vlans(ns, link.index) } : {}),
  };
}
