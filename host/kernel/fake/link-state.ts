// What the kernel derives about links: carrier, operational state, and the MAC and MTU a bridge takes from its ports.
// SPDX-License-Identifier: Apache-2.0

import type { Link, Ns } from '../kernel.ts';
import type { FakeLink, FakeNamespace, FakeState } from './state.ts';

export const NO_MAC = '00:00:00:00:00:00';
const BRIDGE_MTU = 1500;

export function viewOf(state: FakeState, ns: FakeNamespace, link: FakeLink): Link {
  const { peer, fixed, vlans: _vlans, ...rest } = link;
  return { ...structuredClone(rest), state: operState(state, ns, link), ...(peer ? { peer: peer.index, peerNs: peer.ns } : {}) };
}

/** default_operstate() of net/core/link_watch.c: the peer's index is looked up in the link's own namespace, whoever has it there. */
function operState(state: FakeState, ns: FakeNamespace, link: FakeLink): string {
  if (!link.up) return 'down';
  if (hasCarrier(state, ns, link)) return link.kind === 'ifb' || isLoopback(link) ? 'unknown' : 'up';
  const below = link.peer && link.peer.index !== link.index && ns.links.find((other) => other.index === link.peer!.index);
  return below && !(below.up && hasCarrier(state, ns, below)) ? 'lowerlayerdown' : 'down';
}

function hasCarrier(state: FakeState, ns: FakeNamespace, link: FakeLink): boolean {
  if (!link.up) return false;
  switch (link.kind) {
    case 'veth': return link.peer?.ns === 'elsewhere' || peerOf(state, link)?.up === true;
    case 'bridge': return portsOf(ns, link).some((port) => hasCarrier(state, ns, port));
    default: return true;
  }
}

/** By its index: its name can be changed. */
export const isLoopback = ({ index, kind }: FakeLink): boolean => index === 1 && kind === '';
export const portsOf = (ns: FakeNamespace, bridge: FakeLink): FakeLink[] => ns.links.filter((link) => link.master === bridge.index);

export function peerOf(state: FakeState, link: FakeLink): FakeLink | undefined {
  const { peer } = link;
  return peer && peer.ns !== 'elsewhere' ? state[peer.ns]?.links.find((other) => other.index === peer.index) : undefined;
}

/** Locally administered and the same in every run. */
export const newMac = (ns: Ns, index: number): string =>
  `02:${ns === 'host' ? '00' : '01'}:00:${(0x1000000 + index).toString(16).slice(1).replace(/(..)(?=.)/g, '$1:')}`;

/** After a port came, went or changed: br_stp_recalculate_bridge_id() and br_mtu_auto_adjust(). */
export function followPorts(ns: FakeNamespace, index: number | undefined): void {
  const bridge = ns.links.find((link) => link.index === index);
  if (!bridge) return;
  const ports = portsOf(ns, bridge);
  const mac = bridge.fixed?.mac ? bridge.mac : ports.map((port) => port.mac).sort()[0] ?? NO_MAC;
  if (mac !== bridge.mac) forgetNeighbours(ns, bridge);
  bridge.mac = mac;
  if (!bridge.fixed?.mtu) bridge.mtu = ports.length ? Math.min(...ports.map((port) => port.mtu)) : BRIDGE_MTU;
}

/** neigh_changeaddr() */
export function forgetNeighbours(ns: FakeNamespace, link: FakeLink): void {
  ns.neighs = ns.neighs.filter((neigh) => neigh.index !== link.index);
}

/** Duplicate address detection ends when a link runs: at once here, after one to two seconds on a real one. */
export function endDad(state: FakeState): void {
  for (const ns of [state.host, state.container]) {
    for (const addr of ns?.addrs ?? []) {
      const link = ns!.links.find((candidate) => candidate.index === addr.index);
      if (link && hasCarrier(state, ns!, link)) addr.tentative = false;
    }
  }
}
