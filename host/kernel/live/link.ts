// Links over rtnetlink (linux/if_link.h).
// SPDX-License-Identifier: Apache-2.0

import { KernelError, unlessGone } from '../kernel-error.ts';
import type { Link, LinkChange, LinkKernel, LinkKey, NewLink, Ns } from '../kernel.ts';
import { attributesAfter, attributesOf, Body, textOf, u32Of, u8Of } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { macBytes, macText } from './hardware-address.ts';
import { AF_BRIDGE, header, IFLA, RTM } from './link-wire.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink.ts';
import { peerNamespaces, type PeerNamespace } from './peer-namespace.ts';
import { readPortVlans, setPortVlans } from './port-vlans.ts';

const IFF_UP = 0x1;
const IFF_PROMISC = 0x100;
const IFF_ALLMULTI = 0x200;
const INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;
const BRPORT = { MODE: 4, ISOLATED: 33 } as const;
const IFLA_BR_VLAN_FILTERING = 7;
const VETH_INFO_PEER = 1;
const RTEXT_FILTER_SKIP_STATS = 8;
/**
 * A link with more than 4096 queues is refused (rtnl_create_link() in net/core/rtnetlink.c), but only after the kernel has found, or loaded, what
 * makes links of the kind. So the question changes nothing.
 */
const TOO_MANY_QUEUES = 0xffff;
/** A number that nobody has given to a group: those are small, or names in /etc/iproute2/group, which are below 256. */
const FIRST_OWN_GROUP = 2 ** 30;
const PROBE = 'cni-wasm-probe';
/** IFNAMSIZ, with the NUL */
const NAME_BYTES = 16;
const STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'];

export function linkKernel(context: LiveContext): LinkKernel {
  const peerNamespace = peerNamespaces(context);
  const get = (ns: Ns, key: LinkKey): Link | undefined => {
    if ('name' in key && Buffer.byteLength(key.name) >= NAME_BYTES) return undefined;
    const body = new Body(header({ index: 'index' in key ? key.index : 0 })).u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    if ('name' in key) body.text(IFLA.IFNAME, key.name);
    const answer = context.route(ns).find(RTM.GETLINK, body.done(), `find link ${'name' in key ? `"${key.name}"` : key.index}`);
    return answer && parseLink(answer.body, ns, peerNamespace);
  };
  return {
    get,
    list: (ns) => context.route(ns).dump(RTM.GETLINK, new Body(header({})).u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS).done(), 'list links').map(({ body }) => parseLink(body, ns, peerNamespace)),
    unusable(ns, kind) {
      const body = new Body(header({})).text(IFLA.IFNAME, PROBE).u32(IFLA.NUM_TX_QUEUES, TOO_MANY_QUEUES).nest(IFLA.LINKINFO, (info) => info.text(INFO.KIND, kind));
      try {
        context.route(ns).request(RTM.NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body.done(), `make links of kind ${kind}`);
        return undefined;
      } catch (error) {
        if (error instanceof KernelError) return error.errno === 'EOPNOTSUPP' ? error.message : undefined;
        throw error;
      }
    },
    create(ns, link) {
      const peerFd = link.kind === 'veth' && link.peer.ns !== ns ? context.netnsFd(link.peer.ns) : undefined;
      const action = `create ${link.kind} "${link.name}"`;
      context.route(ns).request(RTM.NEWLINK, NLM_F_CREATE | NLM_F_EXCL, creation(link, peerFd), action);
      // The kernel tells the index of a new link in its answer only since 6.2.
      const made = get(ns, { name: link.name });
      if (!made) throw new KernelError('ENODEV', action, 'somebody has deleted, renamed or moved it as soon as it was made');
      return made.index;
    },
    set(ns, index, change) {
      const action = `change interface ${index}`;
      if (wantsLink(change)) context.route(ns).request(RTM.NEWLINK, 0, plainChange(index, change), action);
      if (change.hairpin !== undefined || change.isolated !== undefined) context.route(ns).request(RTM.SETLINK, 0, portChange(index, change), `${action} as a bridge port`);
      if (change.vlans) setPortVlans(context, ns, index, change.vlans);
    },
    vlans: (ns, index) => readPortVlans(context, ns, index),
    delete: (ns, index) => void context.route(ns).request(RTM.DELLINK, 0, header({ index }), `delete interface ${index}`),
    deleteTogether(ns, indexes) {
      const socket = context.route(ns);
      const action = `delete interfaces ${indexes.join(', ')}`;
      // One is left to the message that names it; several are made a group, which the kernel deletes as one.
      if (indexes.length === 1) return void unlessGone(() => socket.request(RTM.DELLINK, 0, header({ index: indexes[0]! }), action));
      const group = FIRST_OWN_GROUP + Math.floor(Math.random() * FIRST_OWN_GROUP);
      for (const index of indexes) unlessGone(() => socket.request(RTM.NEWLINK, 0, plainChange(index, { group }), action));
      unlessGone(() => socket.request(RTM.DELLINK, 0, new Body(header({})).u32(IFLA.GROUP, group).done(), action));
    },
  };
}

function creation(link: NewLink, peerFd: number | undefined): Buffer {
  const body = new Body(header(link.up ? { flags: IFF_UP, change: IFF_UP } : {}));
  ends(body, link);
  return body.nest(IFLA.LINKINFO, (info) => {
    info.text(INFO.KIND, link.kind);
    if (link.kind === 'bridge' && link.vlanFiltering) info.nest(INFO.DATA, (data) => data.u8(IFLA_BR_VLAN_FILTERING, 1));
    if (link.kind === 'veth') {
      info.nest(INFO.DATA, (data) => data.nest(VETH_INFO_PEER, (peer) => {
        // The peer is described by a header and attributes of its own. It cannot be made up already (ENOTCONN).
        peer.raw(header({}));
        ends(peer, link.peer);
        if (peerFd !== undefined) peer.u32(IFLA.NET_NS_FD, peerFd);
      }));
    }
  }).done();
}

function ends(body: Body, { name, mtu, mac, txqlen }: { name: string; mtu?: number; mac?: string; txqlen?: number }): void {
  body.text(IFLA.IFNAME, name);
  if (mtu) body.u32(IFLA.MTU, mtu);
  if (mac) body.attribute(IFLA.ADDRESS, macBytes(mac));
  if (txqlen !== undefined) body.u32(IFLA.TXQLEN, txqlen);
}

const wantsLink = ({ hairpin: _hairpin, isolated: _isolated, vlans: _vlans, ...plain }: LinkChange): boolean => Object.keys(plain).length > 0;

function plainChange(index: number, change: LinkChange): Buffer {
  const flag = (bit: number, on: boolean | undefined): { flags: number; change: number } => (on === undefined ? { flags: 0, change: 0 } : { flags: on ? bit : 0, change: bit });
  const bits = [flag(IFF_UP, change.up), flag(IFF_PROMISC, change.promisc), flag(IFF_ALLMULTI, change.allmulti)];
  const body = new Body(header({ index, flags: bits.reduce((sum, { flags }) => sum | flags, 0), change: bits.reduce((sum, bit) => sum | bit.change, 0) }));
  if (change.mtu !== undefined) body.u32(IFLA.MTU, change.mtu);
  if (change.mac !== undefined) body.attribute(IFLA.ADDRESS, macBytes(change.mac));
  if (change.name !== undefined) body.text(IFLA.IFNAME, change.name);
  if (change.alias !== undefined) body.attribute(IFLA.IFALIAS, Buffer.from(change.alias));
  if (change.master !== undefined) body.u32(IFLA.MASTER, change.master ?? 0);
  if (change.txqlen !== undefined) body.u32(IFLA.TXQLEN, change.txqlen);
  if (change.group !== undefined) body.u32(IFLA.GROUP, change.group);
  return body.done();
}

/** As `bridge link set` does: understood by every kernel with these flags. */
function portChange(index: number, { hairpin, isolated }: LinkChange): Buffer {
  return new Body(header({ family: AF_BRIDGE, index })).nest(IFLA.PROTINFO, (port) => {
    if (hairpin !== undefined) port.u8(BRPORT.MODE, hairpin ? 1 : 0);
    if (isolated !== undefined) port.u8(BRPORT.ISOLATED, isolated ? 1 : 0);
  }).done();
}

function parseLink(body: Buffer, ns: Ns, peerNamespace: PeerNamespace): Link {
  const attributes = attributesAfter(body, 16);
  const flags = body.readUInt32LE(8);
  const info = attributesOf(attributes.get(IFLA.LINKINFO));
  const master = u32Of(attributes.get(IFLA.MASTER));
  const peer = attributes.get(IFLA.LINK);
  const peerId = attributes.get(IFLA.LINK_NETNSID);
  const alias = attributes.get(IFLA.IFALIAS);
  const isPort = textOf(info.get(INFO.SLAVE_KIND)) === 'bridge';
  const port = attributesOf(isPort ? info.get(INFO.SLAVE_DATA) : undefined);
  const kind = textOf(info.get(INFO.KIND));
  return {
    index: body.readInt32LE(4),
    name: textOf(attributes.get(IFLA.IFNAME)),
    kind,
    mtu: u32Of(attributes.get(IFLA.MTU)),
    mac: macText(attributes.get(IFLA.ADDRESS)),
    up: (flags & IFF_UP) !== 0,
    state: STATES[u8Of(attributes.get(IFLA.OPERSTATE))] ?? 'unknown',
    promisc: (flags & IFF_PROMISC) !== 0,
    allmulti: (flags & IFF_ALLMULTI) !== 0,
    txqlen: u32Of(attributes.get(IFLA.TXQLEN)),
    group: u32Of(attributes.get(IFLA.GROUP)),
    ...(kind === 'veth' && peer ? { peer: u32Of(peer), peerNs: peerNamespace(ns, peerId && u32Of(peerId)) } : {}),
    ...(master ? { master } : {}),
    ...(alias ? { alias: textOf(alias) } : {}),
    ...(isPort ? { port: { hairpin: u8Of(port.get(BRPORT.MODE)) !== 0, isolated: u8Of(port.get(BRPORT.ISOLATED)) !== 0 } } : {}),
    ...(kind === 'bridge' ? { vlanFiltering: u8Of(attributesOf(info.get(INFO.DATA)).get(IFLA_BR_VLAN_FILTERING)) !== 0 } : {}),
  };
}
