// Links of the fake kernel: made, changed and deleted with the checks of rtnetlink.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { LinkKernel, NewLink, Ns } from '../kernel.ts';
import { changeLink } from './change-link.ts';
import { checkLength, checkMac, checkMtu, checkName } from './check-link.ts';
import { linkCame, linkDied, linkWentUp } from './link-events.ts';
import { isLoopback, newMac, viewOf } from './link-state.ts';
import { linkOf, namespaceOf, type FakeLink, type FakeState } from './state.ts';

const KINDS = ['veth', 'bridge', 'ifb'];

export const fakeLinks = (state: FakeState): LinkKernel => ({
  get(nsName, key) {
    const ns = namespaceOf(state, nsName, 'get interface');
    const found = ns.links.find((link) => ('index' in key ? link.index === key.index : link.name === key.name));
    return found && viewOf(state, ns, found);
  },

  list(nsName) {
    const ns = namespaceOf(state, nsName, 'list interfaces');
    return ns.links.map((link) => viewOf(state, ns, link)).sort((a, b) => a.index - b.index);
  },

  unusable: (_ns, kind) => (KINDS.includes(kind) ? undefined : new KernelError('EOPNOTSUPP', `make links of kind ${kind}`, 'Unknown device type').message),

  create: (ns, link) => createLink(state, ns, link),
  set: (ns, index, change) => changeLink(state, ns, index, change),

  vlans: (nsName, index) => structuredClone(namespaceOf(state, nsName, 'list VLANs').links.find((link) => link.index === index)?.vlans ?? []),

  delete(nsName, index) {
    const action = `delete interface ${index}`;
    const link = linkOf(namespaceOf(state, nsName, action), index, action);
    if (isLoopback(link)) throw new KernelError('EOPNOTSUPP', action);
    linkDied(state, nsName, link);
  },

  deleteTogether(nsName, indexes) {
    const ns = namespaceOf(state, nsName, `delete interfaces ${indexes.join(', ')}`);
    for (const index of indexes) {
      const link = ns.links.find((one) => one.index === index);
      if (link) linkDied(state, nsName, link);
    }
  },
});

function createLink(state: FakeState, nsName: Ns, link: NewLink): number {
  const action = `create ${link.kind} ${link.name}`;
  const ns = namespaceOf(state, nsName, action);
  const ends = link.kind === 'veth' ? [{ ns: nsName, ...link }, link.peer] : [{ ns: nsName, ...link }];
  for (const end of ends) {
    checkLength(end.name, action);
    if (end.mac) checkMac(end.mac, action);
  }
  for (const end of ends) {
    checkName(namespaceOf(state, end.ns, action), end.name, action);
    if (end.mtu) checkMtu(link.kind, end.mtu, action);
  }

  // The kernel registers the peer first: within one namespace it has the lower index, and takes its own end's name away.
  if (link.kind === 'veth' && link.peer.ns === nsName && link.peer.name === link.name) {
    ns.nextIndex += 1;
    throw new KernelError('EEXIST', action);
  }
  const peer = link.kind === 'veth' ? newLink(state, link.peer.ns, 'veth', link.peer) : undefined;
  const made = newLink(state, nsName, link.kind, link);
  if (link.kind === 'bridge') made.vlanFiltering = link.vlanFiltering ?? false;
  if (link.kind === 'bridge' && link.mac) made.fixed = { mac: true };
  if (link.kind === 'veth' && peer) {
    made.peer = { ns: link.peer.ns, index: peer.index };
    peer.peer = { ns: nsName, index: made.index };
  }
  if (link.up) linkWentUp(state, ns, made);
  return made.index;
}

function newLink(state: FakeState, nsName: Ns, kind: string, of: Pick<NewLink, 'name' | 'mtu' | 'mac' | 'txqlen'>): FakeLink {
  const ns = state[nsName]!;
  const index = ns.nextIndex++;
  const link: FakeLink = {
    index, name: of.name, kind, mtu: of.mtu || 1500, mac: of.mac || newMac(nsName, index), up: false,
    promisc: false, allmulti: false, txqlen: of.txqlen ?? (kind === 'ifb' ? 32 : 1000), group: 0,
  };
  linkCame(ns, link);
  return link;
}
