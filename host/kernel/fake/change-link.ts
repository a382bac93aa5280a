// Changes one link as do_setlink() does: attribute after attribute, so what came before a failing one stays changed.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { LinkChange, Ns } from '../kernel.ts';
import { normalVlans } from '../vlans.ts';
import { checkLength, checkMac, checkMtu, checkName } from './check-link.ts';
import { leaveBridge, linkWentDown, linkWentUp } from './link-events.ts';
import { endDad, followPorts, forgetNeighbours, isLoopback, NO_MAC } from './link-state.ts';
import { DEFAULT_VLANS, linkOf, namespaceOf, type FakeLink, type FakeNamespace, type FakeState } from './state.ts';
import { renameLinkSysctls } from './sysctl-values.ts';

export function changeLink(state: FakeState, nsName: Ns, index: number, change: LinkChange): void {
  const action = `change interface ${index}`;
  const ns = namespaceOf(state, nsName, action);
  if (change.name !== undefined) checkLength(change.name, action);
  const link = linkOf(ns, index, action);
  const { mac, mtu, name, master, group, alias, promisc, allmulti, txqlen, up } = change;

  if (mac !== undefined) setMac(ns, link, mac, action);
  if (mtu !== undefined) setMtu(ns, link, mtu, action);
  if (group !== undefined) link.group = group;
  if (name !== undefined && name !== link.name) rename(ns, link, name, action);
  if (alias !== undefined) setAlias(link, alias, action);
  if (master !== undefined) setMaster(ns, link, master, action);
  if (promisc !== undefined) link.promisc = promisc;
  if (allmulti !== undefined) link.allmulti = allmulti;
  if (up === true && !link.up) linkWentUp(state, ns, link);
  if (up === false && link.up) linkWentDown(ns, link);
  if (txqlen !== undefined) link.txqlen = txqlen;
  if (change.hairpin !== undefined || change.isolated !== undefined) {
    if (!link.port) throw new KernelError('EOPNOTSUPP', action, 'the interface is no port of a bridge');
    link.port.hairpin = change.hairpin ?? link.port.hairpin;
    link.port.isolated = change.isolated ?? link.port.isolated;
  }
  if (change.vlans) {
    if (!link.port) throw new KernelError('EOPNOTSUPP', action, 'the interface is no port of a bridge');
    link.vlans = normalVlans(change.vlans);
  }
  endDad(state);
}

function setMac(ns: FakeNamespace, link: FakeLink, mac: string, action: string): void {
  if (link.kind === 'ifb') throw new KernelError('EOPNOTSUPP', action);
  checkMac(mac, action);
  forgetNeighbours(ns, link);
  link.mac = mac;
  if (link.kind === 'bridge') link.fixed = { ...link.fixed, mac: true };
  followPorts(ns, link.master);
}

function setMtu(ns: FakeNamespace, link: FakeLink, mtu: number, action: string): void {
  checkMtu(link.kind, mtu, action);
  if (link.kind === 'bridge' && mtu !== link.mtu) link.fixed = { ...link.fixed, mtu: true };
  link.mtu = mtu;
  followPorts(ns, link.master);
}

function rename(ns: FakeNamespace, link: FakeLink, name: string, action: string): void {
  checkName(ns, name, action);
  renameLinkSysctls(ns, link.name, name);
  link.name = name;
}

function setAlias(link: FakeLink, alias: string, action: string): void {
  if (Buffer.byteLength(alias) > 255) throw new KernelError('ERANGE', action);
  if (alias === '') delete link.alias;
  else link.alias = alias;
}

/** The old bridge is left before the new one is looked at. */
function setMaster(ns: FakeNamespace, link: FakeLink, master: number | null, action: string): void {
  if (link.master === master) return;
  if (link.master !== undefined) leaveBridge(ns, link);
  if (master === null || master === 0) return;
  const bridge = ns.links.find((other) => other.index === master);
  if (!bridge) throw new KernelError('EINVAL', action, `no interface ${master} to be the master`);
  if (bridge.kind !== 'bridge') throw new KernelError('EOPNOTSUPP', action);
  if (isLoopback(link) || link.mac === NO_MAC) throw new KernelError('EINVAL', action);
  if (link.kind === 'bridge') throw new KernelError('ELOOP', action, 'Can not enslave a bridge to a bridge');
  link.master = master;
  link.port = { hairpin: false, isolated: false };
  link.vlans = structuredClone([...DEFAULT_VLANS]);
  followPorts(ns, master);
}
