// The inverse of one mutation, as it stands in journal and ledger, and how it is carried out.
// Every inverse is checked against identity (namespace, index, name) and may find its work already done.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { canonicalAddress } from '../kernel/address.ts';
import { isExists, unlessGone } from '../kernel/kernel-error.ts';
import type { Filter, HtbClass, Kernel, LinkChange, NewRoute, Ns, PolicyRule } from '../kernel/kernel.ts';
import { undoRules } from '../ops/rules/undo-rules.ts';
import type { RuleSet } from '../ops/rules/rule-set.ts';
import type { RuleTables } from '../ops/rules/tables.ts';
import type { OpenStore, StorePlace } from '../store/store.ts';

/**
 * `call`: taken back when the ADD fails; otherwise it goes with a link of the attachment.
 * `attachment`: also taken back by DEL and GC. `network`: taken back when the ADD fails and nobody else uses the network.
 */
export type Life = 'call' | 'attachment' | 'network';

/** An object in the namespace that had the mark `netns` then (Kernel.netnsMark). */
interface In { ns: Ns; netns: string }
/** The other end of a veth. Records of earlier do not say in which namespace it was. */
interface Peer { ns: Ns; netns?: string; name: string; index?: number }

export type Inverse =
  | (In & { do: 'delete link'; name: string; kind: string; index?: number; peer?: Peer })
  | (In & { do: 'set link'; index: number; to: LinkChange })
  | (In & { do: 'delete address'; index: number; address: string })
  | (In & { do: 'add address'; index: number; address: string; along?: AlongWithAddress })
  | (In & { do: 'delete route' | 'add route'; route: NewRoute })
  | (In & { do: 'delete policy rule' | 'add policy rule'; rule: PolicyRule })
  | (In & { do: 'delete neighbour' | 'add neighbour'; index: number; ip: string; mac: string })
  | (In & { do: 'nft' | 'iptables'; rules: RuleSet })
  | (In & { do: 'delete qdisc'; qdisc: { index: number; kind: string; handle: number; parent: number } })
  | (In & { do: 'delete class'; class: Pick<HtbClass, 'index' | 'classid'> })
  | (In & { do: 'delete filter'; filter: Omit<Filter, 'kind' | 'handle'> })
  | (In & { do: 'set sysctl'; key: string; to: string })
  | { do: 'delete entry'; store: StorePlace; key: string; value: string }
  | { do: 'put entry'; store: StorePlace; key: string; value: string; instead?: string }
  | { do: 'unbind sources' | 'bind sources'; zone: string; sources: string[] }
  | { do: 'delegate DEL'; type: string };

/** What may go with an address, in the order in which it was there. */
export interface AlongWithAddress { addresses: string[]; routes: NewRoute[]; neighbours: { ip: string; mac: string }[] }

export interface Undo {
  life: Life;
  /** the plugin whose operation it takes back (inside a delegating plugin's record) */
  by: string;
  op: string;
  inverse: Inverse;
}

export interface UndoTools {
  kernel: Kernel;
  tables: RuleTables;
  openStore: OpenStore;
  /** runs a delegate's DEL; only set while the configuration that named it is at hand */
  delegateDel?: (type: string) => void;
}

/**
 * Where that is which it takes back: the kernel's objects go with a boot at the latest. One that this host does not know, a newer one wrote; it may be
 * anywhere, and must not count as done.
 */
const PLACE: Record<Inverse['do'], 'kernel' | 'outside'> = {
  'delete link': 'kernel', 'set link': 'kernel', 'delete address': 'kernel', 'add address': 'kernel', 'delete route': 'kernel', 'add route': 'kernel',
  'delete policy rule': 'kernel', 'add policy rule': 'kernel', 'delete neighbour': 'kernel', 'add neighbour': 'kernel', nft: 'kernel', iptables: 'kernel',
  'delete qdisc': 'kernel', 'delete class': 'kernel', 'delete filter': 'kernel', 'set sysctl': 'kernel', 'unbind sources': 'kernel', 'bind sources': 'kernel',
  'delete entry': 'outside', 'put entry': 'outside', 'delegate DEL': 'outside',
};

const isKnown = (inverse: Inverse): boolean => Object.hasOwn(PLACE, inverse.do);

/** On disk, or with a program: it outlives the kernel's objects, and who gets it next must not find them there. */
export const isOutsideKernel = ({ inverse }: Undo): boolean => !isKnown(inverse) || PLACE[inverse.do] === 'outside';

/** Carries out one inverse. Nothing to do is success; throws what stood in the way otherwise. */
export function carryOut(inverse: Inverse, { kernel, tables, openStore, delegateDel }: UndoTools): void {
  if (!isKnown(inverse)) throw new CniError(CODE.residue, NEWER, { kind: 'unsupported' });
  if ('netns' in inverse && inverse.do !== 'delete link' && !kernel.isNetns(inverse.ns, inverse.netns)) return;
  switch (inverse.do) {
    case 'delete link': return deleteLink(kernel, inverse);
    case 'set link': return unlessGone(() => kernel.link.set(inverse.ns, inverse.index, inverse.to));
    case 'delete address': return unlessGone(() => kernel.addr.delete(inverse.ns, inverse.index, inverse.address));
    case 'add address': return unlessGone(() => addAddress(kernel, inverse));
    case 'delete route': return unlessGone(() => kernel.route.delete(inverse.ns, inverse.route));
    case 'add route': return unlessGone(() => kernel.route.add(inverse.ns, inverse.route));
    case 'delete policy rule': return unlessGone(() => kernel.policyRule.delete(inverse.ns, inverse.rule));
    case 'add policy rule': return unlessGone(() => kernel.policyRule.add(inverse.ns, inverse.rule));
    case 'delete neighbour': return unlessGone(() => deleteNeighbour(kernel, inverse));
    case 'add neighbour': return unlessGone(() => kernel.neigh.add(inverse.ns, inverse.index, inverse.ip, inverse.mac));
    case 'nft': case 'iptables': return undoRules(kernel, tables, inverse.do, inverse.ns, inverse.rules);
    case 'delete qdisc': return deleteQdisc(kernel, inverse);
    case 'delete class': return unlessGone(() => kernel.tc.deleteClass(inverse.ns, inverse.class.index, inverse.class.classid));
    case 'delete filter': return deleteFilter(kernel, inverse);
    case 'set sysctl': return unlessGone(() => kernel.sysctl.set(inverse.ns, inverse.key, inverse.to));
    case 'delete entry': return openStore(inverse.store).with((store) => {
      if (isWrittenBy(inverse, store.get(inverse.key))) store.delete(inverse.key);
    });
    case 'put entry': return openStore(inverse.store).with((store) => {
      if (inverse.value !== inverse.instead && store.get(inverse.key) === inverse.instead) store.put(inverse.key, inverse.value);
    });
    case 'unbind sources': return kernel.firewalld.remove(inverse.zone, inverse.sources);
    case 'bind sources': return kernel.firewalld.add(inverse.zone, inverse.sources);
    case 'delegate DEL': return delegateDel?.(inverse.type);
    default: return inverse satisfies never;
  }
}

const NEWER = 'a newer version of cni-wasm wrote this, which alone can take it back; install that version and call DEL or GC again';

/** Killed between making and writing it, or out of space, an entry is empty or a part. Of a lease, what names the whole container is. */
function isWrittenBy({ store: { layout }, value }: Extract<Inverse, { do: 'delete entry' }>, found = value): boolean {
  return found === value || (value.startsWith(found) && (layout !== 'ipam' || found.includes('\r')));
}

/** What has not gone with it is there and stays as it is. A route over a gateway needs the one that leads there. */
function addAddress(kernel: Kernel, { ns, index, address, along }: Extract<Inverse, { do: 'add address' }>): void {
  for (const one of [address, ...along?.addresses ?? []]) unlessThere(() => kernel.addr.add(ns, index, one));
  const there = new Set(along?.routes.length ? kernel.route.list(ns).map(placeOf) : []);
  const missing = along?.routes.filter((route) => !there.has(placeOf(route))) ?? [];
  for (const route of missing.toSorted((a, b) => (a.gw ? 1 : 0) - (b.gw ? 1 : 0))) unlessThere(() => kernel.route.add(ns, route));
  for (const { ip, mac } of along?.neighbours ?? []) unlessThere(() => kernel.neigh.add(ns, index, ip, mac));
}

const placeOf = ({ dst, table, metric, index, gw }: NewRoute): string => `${dst} ${table} ${metric} ${index} ${gw}`;

/** One end of a veth is enough: the other goes with it. The end in a container that cannot be reached any more goes by its peer. */
function deleteLink(kernel: Kernel, { ns, netns, name, kind, index, peer }: Extract<Inverse, { do: 'delete link' }>): void {
  if (kernel.isNetns(ns, netns) && deleteIfSame(kernel, ns, name, kind, index)) return;
  if (peer?.ns === 'host' && (peer.netns === undefined || kernel.isNetns('host', peer.netns))) deleteIfSame(kernel, 'host', peer.name, kind, peer.index);
}

/**
 * Without an index the host was killed between the intent and the kernel's answer. The name was free when the intent was written, and it is
 * the attachment's own (CNI_IFNAME, a name with its hash, or 32 random bits), so a link of that kind there is the one that was made.
 * With one the name has to fit as well, since an index can be given again; but not in a container, which names its links as it likes.
 */
function deleteIfSame(kernel: Kernel, ns: Ns, name: string, kind: string, index: number | undefined): boolean {
  const found = kernel.link.get(ns, index === undefined ? { name } : { index });
  if (found?.kind !== kind || (ns === 'host' && found.name !== name)) return false;
  if (kind === 'bridge' && kernel.link.list(ns).some((port) => port.master === found.index)) return false;
  unlessGone(() => kernel.link.delete(ns, found.index));
  return true;
}

/** An entry with another hardware address is somebody else's. */
function deleteNeighbour(kernel: Kernel, { ns, index, ip, mac }: Extract<Inverse, { do: 'delete neighbour' | 'add neighbour' }>): void {
  const same = kernel.neigh.list(ns, index).some((one) => one.mac === mac && canonicalAddress(one.ip) === canonicalAddress(ip));
  if (same) kernel.neigh.delete(ns, index, ip);
}

/** A qdisc of another kind in that place is somebody else's. */
function deleteQdisc(kernel: Kernel, { ns, qdisc }: Extract<Inverse, { do: 'delete qdisc' }>): void {
  if (!kernel.link.get(ns, { index: qdisc.index })) return;
  const same = kernel.tc.qdiscs(ns, qdisc.index).some(({ kind, handle, parent }) => kind === qdisc.kind && handle === qdisc.handle && parent === qdisc.parent);
  if (same) unlessGone(() => kernel.tc.deleteQdisc(ns, qdisc));
}

function deleteFilter(kernel: Kernel, { ns, filter }: Extract<Inverse, { do: 'delete filter' }>): void {
  if (!kernel.link.get(ns, { index: filter.index })) return;
  const same = kernel.tc.filters(ns, filter.index, filter.parent)
    .find((found) => (['priority', 'protocol', 'classid', 'redirect', 'src', 'dst'] as const).every((key) => found[key] === filter[key]));
  if (same) unlessGone(() => kernel.tc.deleteFilter(ns, same));
}

function unlessThere(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isExists(error)) throw error;
  }
}
