// Making links: a bridge, an ifb, or a veth pair across the two namespaces.
// SPDX-License-Identifier: Apache-2.0

import { randomBytes } from 'node:crypto';
import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { isExists } from '../kernel/kernel-error.ts';
import type { NewLink, Ns } from '../kernel/kernel.ts';
import { wrongRequest } from '../wrong-request.ts';
import { intend, within, type Call } from './call.ts';
import type { Right } from './handles.ts';
import { denied, grantedBy } from './scope.ts';

export function createLink(call: Call, req: Requests['link.create']): Answers['link.create'] {
  const ns = req.ns ?? 'container';
  for (const { name } of [req, ...(req.peer ? [req.peer] : [])]) if (name?.includes('%')) throw isPattern(name);
  checkCreation(call, ns, req);
  for (let tries = 0; ; tries++) {
    try {
      return made(call, ns, req, newLink(ns, req));
    } catch (error) {
      const chosenHere = req.kind === 'veth' && req.peer?.name === undefined && tries < 10;
      if (!(chosenHere && isExists(error) && !call.kernel.link.get(ns, { name: req.name }))) throw error;
    }
  }
}

function made(call: Call, ns: Ns, req: Requests['link.create'], link: NewLink): Answers['link.create'] {
  const peer = link.kind === 'veth' ? link.peer : undefined;
  // An existing link is refused before the intent: its inverse must never be able to name a link that was there before.
  if (call.kernel.link.get(ns, { name: link.name })) throw exists(ns, link.name);
  const life = req.life === 'network' ? 'network' : 'attachment';
  const i = intend(call, 'link.create', life, {
    do: 'delete link', ...within(call, ns), name: link.name, kind: link.kind, ...(peer ? { peer: { ...within(call, peer.ns), name: peer.name } } : {}),
  });
  const index = call.kernel.link.create(ns, link);
  const peerIndex = peer ? call.kernel.link.get(ns, { index })?.peer : undefined;
  call.journal.made(i, index, peerIndex);
  const right: Right = life === 'network' ? 'granted' : 'own';
  return {
    link: call.handles.mint({ ns, index, name: link.name, kind: link.kind, right, made: true }),
    ...(peer && peerIndex !== undefined ? { peer: call.handles.mint({ ns: peer.ns, index: peerIndex, name: peer.name, kind: 'veth', right, made: true }) } : {}),
  };
}

function newLink(ns: Ns, req: Requests['link.create']): NewLink {
  const base = {
    name: req.name,
    ...(req.mtu ? { mtu: req.mtu } : {}), ...(req.mac ? { mac: req.mac } : {}),
    ...(req.txqlen === undefined ? {} : { txqlen: req.txqlen }), ...(req.up ? { up: true } : {}),
  };
  switch (req.kind) {
    case 'bridge': return { ...base, kind: 'bridge', ...(req.vlanFiltering ? { vlanFiltering: true } : {}) };
    case 'ifb': return { ...base, kind: 'ifb' };
    case 'veth': {
      const { peer } = req;
      return {
        ...base,
        kind: 'veth',
        peer: {
          ns: peerNsOf(ns, req),
          name: peer?.name ?? `veth${randomBytes(4).toString('hex')}`,
          ...(peer?.mtu ? { mtu: peer.mtu } : {}), ...(peer?.txqlen === undefined ? {} : { txqlen: peer.txqlen }),
        },
      };
    }
    default: return req.kind satisfies never;
  }
}

/** Found as "br0" what was made as "br%d" is nobody's (dev_alloc_name() in net/core/dev.c). */
const isPattern = (name: string): CniError =>
  wrongRequest('link.create', `interface name "${name}" has a %, which the kernel takes for a pattern; give a name without`, name);

/** Where the other end is when the request leaves it out: across. */
const peerNsOf = (ns: Ns, { peer }: Requests['link.create']): Ns => peer?.ns ?? (ns === 'host' ? 'container' : 'host');

/** A veth pair is two links, and each needs a grant of the namespace it is in, whether the request says so or not. */
function checkCreation(call: Call, ns: Ns, req: Requests['link.create']): void {
  const op = 'link.create';
  const { name, kind, peer } = req;
  const ends = [{ ns, name }, ...(kind === 'veth' ? [{ ns: peerNsOf(ns, req), name: peer?.name }] : [])];
  for (const end of ends) {
    if (!call.grants.link[end.ns]?.includes(kind)) throw denied(call, op, `of a ${kind} in the ${end.ns} namespace`, { link: { [end.ns]: [kind] } }, `${end.ns}:${end.name ?? name}`);
    // One that is made up here is nobody's.
    if (end.ns === 'host' && end.name !== undefined) checkHostName(call, op, end.name);
  }
}

/** What a `*` stands for is the module's to choose, and people and scripts will meet it. */
function checkHostName(call: Call, op: string, name: string): void {
  const at = `host:${name}`;
  const fitting = grantedBy(call, ({ hostLinks }) => hostLinks, name);
  if (fitting.length === 0) throw denied(call, op, `with the host name "${name}"`, { hostLinks: [name] }, at);
  if (fitting.every((pattern) => pattern.includes('*')) && !/^[\w.@-]+$/.test(name)) {
    throw denied(call, op, `with the host name "${name}", which a "*" does not stand for (letters, digits and . _ - @),`, { hostLinks: [name] }, at);
  }
}

const exists = (ns: Ns, name: string): CniError => new CniError(CODE.kernel, `link "${name}" already exists`, { kind: 'exists', errno: 'EEXIST', op: 'link.create', at: `${ns}:${name}` });
