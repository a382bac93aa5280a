// What follows in the kernel when a link goes up, goes down or disappears.
// SPDX-License-Identifier: Apache-2.0

import type { Ns } from '../kernel.ts';
import { ROOT } from '../tc-handles.ts';
import { connect, flushAddrs } from './addrs.ts';
import { endDad, followPorts, forgetNeighbours, isLoopback, peerOf, portsOf } from './link-state.ts';
import type { FakeLink, FakeNamespace, FakeState } from './state.ts';
import { copyDefaults, dropLinkSysctls, hasIpv6, readSysctl } from './sysctl-values.ts';

export function linkCame(ns: FakeNamespace, link: FakeLink): void {
  ns.links.push(link);
  copyDefaults(ns, link.name);
}

export function linkWentUp(state: FakeState, ns: FakeNamespace, link: FakeLink): void {
  link.up = true;
  if (isLoopback(link)) addLoopbackAddrs(ns, link);
  // The first activation attaches a default qdisc, and it stays when the link goes down again.
  if (!ns.qdiscs.some((qdisc) => qdisc.index === link.index && qdisc.parent === ROOT)) ns.qdiscs.push(defaultQdisc(link));
  for (const addr of ns.addrs) if (addr.index === link.index) connect(ns, addr);
  endDad(state);
}

export function addLoopbackAddrs(ns: FakeNamespace, { index, name }: FakeLink): void {
  const add = (address: string): void => {
    if (!ns.addrs.some((addr) => addr.index === index && addr.address === address)) {
      ns.addrs.push({ index, address, scope: 254, tentative: false, dadFailed: false });
    }
  };
  add('127.0.0.1/8');
  if (hasIpv6(ns, name)) add('::1/128');
}

export const defaultQdisc = ({ index, kind, txqlen }: FakeLink): { index: number; kind: string; handle: number; parent: number } =>
  ({ index, kind: kind === 'ifb' && txqlen > 0 ? 'pfifo_fast' : 'noqueue', handle: 0, parent: ROOT });

/** Routes go and IPv4 addresses stay; IPv6 addresses stay only with keep_addr_on_down. */
export function linkWentDown(ns: FakeNamespace, link: FakeLink): void {
  link.up = false;
  ns.routes = ns.routes.filter((route) => route.index !== link.index);
  forgetNeighbours(ns, link);
  const keep = [link.name, 'all'].some((name) => readSysctl(ns, `net/ipv6/conf/${name}/keep_addr_on_down`) === '1');
  if (!keep || isLoopback(link)) flushAddrs(ns, link.index, 'ip6');
}

/** With its peer, its place in a bridge, and everything that hangs on it. */
export function linkDied(state: FakeState, nsName: Ns, link: FakeLink): void {
  const ns = state[nsName]!;
  const peer = peerOf(state, link);
  forget(ns, link);
  if (peer && link.peer && link.peer.ns !== 'elsewhere') forget(state[link.peer.ns]!, peer);
}

function forget(ns: FakeNamespace, link: FakeLink): void {
  const others = <T extends { index?: number }>(all: T[]): T[] => all.filter(({ index }) => index !== link.index);
  for (const port of portsOf(ns, link)) leaveBridge(ns, port);
  ns.links = others(ns.links);
  flushAddrs(ns, link.index, 'ip');
  flushAddrs(ns, link.index, 'ip6');
  ns.routes = others(ns.routes);
  ns.neighs = others(ns.neighs);
  ns.qdiscs = others(ns.qdiscs);
  ns.classes = others(ns.classes);
  ns.filters = others(ns.filters);
  // A redirect stays, and drops: act_mirred lists no device any more.
  for (const filter of ns.filters) if (filter.redirect === link.index) filter.redirect = 0;
  dropLinkSysctls(ns, link.name);
  followPorts(ns, link.master);
}

export function leaveBridge(ns: FakeNamespace, port: FakeLink): void {
  const { master } = port;
  delete port.master;
  delete port.port;
  delete port.vlans;
  followPorts(ns, master);
}
