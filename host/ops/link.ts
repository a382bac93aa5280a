// Operations on links: veth, bridge, ifb and what is found.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { now } from '../clock.ts';
import { CniError, CODE } from '../cni-error.ts';
import { isIpv6 } from '../kernel/address.ts';
import type { Link, LinkChange, Ns } from '../kernel/kernel.ts';
import { sleep } from '../sleep.ts';
import { wrongRequest } from '../wrong-request.ts';
import { intend, lifeOn, within, type Call } from './call.ts';
import { needAdd } from './for-verb.ts';
import type { Held, Right } from './handles.ts';
import { createLink } from './link-create.ts';
import { rightToContainerLink, rightToHostLink } from './scope.ts';

export const linkOps = {
  'link.get': get,
  'link.list': list,
  'link.usable': usable,
  'link.create': createLink,
  'link.set': set,
  'link.delete': remove,
};

/** ms between two looks at the operational state */
const STATE_POLL = 2;
/** RT_SCOPE_LINK: the kernel makes these addresses itself */
const LINK_SCOPE = 253;

function get(call: Call, req: Requests['link.get']): Answers['link.get'] {
  const found = find(call, req);
  if (!req.vlans) return found;
  const { ns, index } = call.handles.use(found.link, 'link.get', 'read');
  return { ...found, vlans: call.kernel.link.vlans(ns, index) };
}

function find(call: Call, { ns = 'container', name, link, endOf, upWithinMs = 0 }: Requests['link.get']): Answers['link.get'] {
  if (link !== undefined) {
    const held = call.handles.use(link, 'link.get', 'read');
    return answer(call, held.ns, whenUp(call, held, upWithinMs), held.name, link, held.right);
  }
  if (endOf !== undefined) return otherEnd(call, endOf);
  if (name === undefined) throw wrongRequest('link.get', 'give name, link or endOf');
  return answer(call, ns, call.kernel.link.get(ns, { name }), name);
}

/** The kernel's link watch is asynchronous: a port whose ends are both up is "down" for a moment longer. */
function whenUp(call: Call, { ns, index }: Held, withinMs: number): Link | undefined {
  const deadline = now() + withinMs;
  for (;;) {
    const link = call.kernel.link.get(ns, { index });
    if (!link || link.state === 'up' || now() >= deadline) return link;
    sleep(STATE_POLL);
  }
}

/** The host end of the attachment's own veth is the attachment's, whoever made it: a chained plugin shapes what bridge attached. */
function otherEnd(call: Call, handle: number): Answers['link.get'] {
  const held = call.handles.use(handle, 'link.get', 'read');
  const near = call.kernel.link.get(held.ns, { index: held.index });
  const ns = held.ns === 'host' ? 'container' : 'host';
  const far = near?.kind === 'veth' && near.peer !== undefined ? call.kernel.link.get(ns, { index: near.peer }) : undefined;
  const pair = near?.peerNs === ns && far?.kind === 'veth' && far.peer === held.index && far.peerNs === held.ns ? far : undefined;
  return answer(call, ns, pair, `the other end of ${held.name}`, undefined, held.right);
}

function list(call: Call, req: Requests['link.list']): Answers['link.list'] {
  const master = req.master === undefined ? undefined : call.handles.use(req.master, 'link.list', 'read');
  // Its index means another link in the other namespace.
  const ns = master?.ns ?? req.ns ?? 'container';
  const links = call.kernel.link.list(ns)
    .filter((link) => (req.kind === undefined || link.kind === req.kind) && (master === undefined || link.master === master.index))
    .flatMap((link) => {
      const right = rightTo(call, ns, link);
      return right ? [described(call, ns, link, right)] : [];
    });
  return { links };
}

function usable(call: Call, { ns = 'container', kind }: Requests['link.usable']): Answers['link.usable'] {
  const why = call.kernel.link.unusable(ns, kind);
  return why === undefined ? { usable: true } : { usable: false, why };
}

function set(call: Call, req: Requests['link.set']): Answers['link.set'] {
  const op = 'link.set';
  const held = call.handles.use(req.link, op, 'configure');
  if (held.ns === 'host') needAdd(call, op, 'on the host', `${held.ns}:${held.name}`);
  const { link: _handle, master: masterHandle, ...plain } = req;
  const master = masterHandle === undefined || masterHandle === null ? masterHandle : call.handles.use(masterHandle, op, 'configure');
  if (master && master.ns !== held.ns) throw wrongRequest(op, `"${master.name}" is in the other namespace`, `${master.ns}:${master.name}`);
  const change: LinkChange = { ...plain, ...(master === undefined ? {} : { master: master?.index ?? null }) };
  // The kernel drops routes and IPv6 addresses of a link that goes down, and on a shared one they are others'.
  if (req.up === false && held.ns === 'host' && held.right !== 'own') throw new CniError(CODE.capabilityDenied, `${op}: "${held.name}" is shared and stays up`, { kind: 'denied', op, at: `${held.ns}:${held.name}` });
  const before = call.kernel.link.get(held.ns, { index: held.index });
  if (!before) throw notFound(held.ns, held.name);
  if (change.vlans && held.right !== 'own' && !held.made) {
    throw new CniError(CODE.capabilityDenied, `${op}: the VLANs of "${held.name}" are not this attachment's to change`, { kind: 'denied', op, at: `${held.ns}:${held.name}` });
  }
  const back = previous(before, change);
  // What a fresh port has goes when it leaves the bridge.
  if (before.port && (change.vlans || back.master !== undefined)) back.vlans = call.kernel.link.vlans(held.ns, held.index);
  // It loses its IPv6 addresses when it goes down again. Undone in reverse order: this comes after.
  const lost = back.up === false && held.right !== 'own' ? call.kernel.addr.list(held.ns, held.index).filter(({ address, scope }) => isIpv6(address) && scope !== LINK_SCOPE) : [];
  for (const { address } of lost) intend(call, op, 'network', { do: 'add address', ...within(call, held.ns), index: held.index, address });
  if (Object.keys(back).length > 0) {
    intend(call, op, lifeOn(held, 'network'), { do: 'set link', ...within(call, held.ns), index: held.index, to: back });
  }
  call.kernel.link.set(held.ns, held.index, change);
  return {};
}

/** Only what the change would really change; what a fresh port is set to goes when it leaves the bridge. */
function previous(before: Link, change: LinkChange): LinkChange {
  const back: LinkChange = {};
  if (change.up !== undefined && change.up !== before.up) back.up = before.up;
  if (change.mtu !== undefined && change.mtu !== before.mtu) back.mtu = before.mtu;
  if (change.mac !== undefined && change.mac !== before.mac) back.mac = before.mac;
  if (change.promisc !== undefined && change.promisc !== before.promisc) back.promisc = before.promisc;
  if (change.allmulti !== undefined && change.allmulti !== before.allmulti) back.allmulti = before.allmulti;
  if (change.txqlen !== undefined && change.txqlen !== before.txqlen) back.txqlen = before.txqlen;
  if (change.master !== undefined && (change.master ?? undefined) !== before.master) back.master = before.master ?? null;
  // Of another bridge it becomes a fresh port.
  if (before.port && back.master !== undefined) return { ...back, ...before.port };
  if (before.port && change.hairpin !== undefined && change.hairpin !== before.port.hairpin) back.hairpin = before.port.hairpin;
  if (before.port && change.isolated !== undefined && change.isolated !== before.port.isolated) back.isolated = before.port.isolated;
  return back;
}

function remove(call: Call, req: Requests['link.delete']): Answers['link.delete'] {
  const op = 'link.delete';
  const held = call.handles.use(req.link, op, 'own');
  call.kernel.link.delete(held.ns, held.index);
  call.handles.close(req.link);
  return {};
}

function answer(call: Call, ns: Ns, link: Link | undefined, name: string, handle?: number, inherited?: Right): Answers['link.get'] {
  const right = link && (inherited ?? rightTo(call, ns, link));
  if (!link || !right) throw notFound(ns, name, link !== undefined);
  return described(call, ns, link, right, handle);
}

const rightTo = (call: Call, ns: Ns, link: Link): Right | undefined =>
  ns === 'host' ? rightToHostLink(call, link) : rightToContainerLink(call, link);

function described(call: Call, ns: Ns, link: Link, right: Right, handle?: number): Answers['link.get'] {
  const { name, kind, mtu, mac, up, state, promisc, allmulti, txqlen, peer, master, index, port, vlanFiltering } = link;
  return {
    link: handle ?? call.handles.mint({ ns, index, name, kind, right }),
    name, kind, mtu, mac, up, state, promisc, allmulti, txqlen, index,
    ...(peer === undefined ? {} : { peer }), ...(master === undefined ? {} : { master }), ...port, ...(vlanFiltering === undefined ? {} : { vlanFiltering }),
    owner: right === 'own' ? 'attachment' : right === 'read' ? 'foreign' : 'network',
  };
}

const notFound = (ns: Ns, name: string, hidden = false): CniError =>
  new CniError(CODE.kernel, `link "${name}" not found`, { kind: 'not-found', errno: 'ENODEV', op: 'link.get', at: `${ns}:${name}`, ...(hidden ? { hidden } : {}) });
