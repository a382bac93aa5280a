// Operations on traffic control: qdiscs, htb classes, u32 filters.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { isIpv6 } from '../kernel/address.ts';
import type { NewFilter, NewQdisc, Qdisc } from '../kernel/kernel.ts';
import { networkOf } from '../kernel/prefix.ts';
import { handleText, INGRESS_PLACE, parentText, ROOT } from '../kernel/tc-handles.ts';
import { wrongRequest } from '../wrong-request.ts';
import { change, lifeOn, within, type Call } from './call.ts';
import type { Held, Need } from './handles.ts';
import { needNs } from './scope.ts';

export const tcOps = { 'tc.list': list, 'tc.sources': sources, 'tc.qdisc': addQdisc, 'tc.class': addClass, 'tc.filter': addFilter, 'tc.delete': remove };

/** `1:`, as the reference numbers its qdiscs. */
const ROOT_HANDLE = 0x10000;
const ETH_P_ALL = 3;
const ETH_P_IP = 0x800;
const ETH_P_IPV6 = 0x86dd;

function list(call: Call, req: Requests['tc.list']): Answers['tc.list'] {
  const held = call.handles.use(req.link, 'tc.list', 'read');
  const qdiscs = call.kernel.tc.qdiscs(held.ns, held.index);
  const filters = qdiscs.filter(({ kind }) => kind === 'ingress' || kind === 'htb')
    .flatMap(({ handle }) => call.kernel.tc.filters(held.ns, held.index, handle));
  return {
    qdiscs: qdiscs.map(({ kind, handle, parent, tbf }) => ({ kind, handle: handleText(handle), parent: parentText(parent), ...tbf })),
    filters: filters.map(({ kind, parent, redirect }) => ({ kind, parent: handleText(parent), ...(redirect === undefined ? {} : { redirect }) })),
  };
}

/** Only what a link receives can be redirected before it is queued, so that is where filters of this kind are. */
function sources(call: Call, req: Requests['tc.sources']): Answers['tc.sources'] {
  const held = call.handles.use(req.link, 'tc.sources', 'read');
  const { tc, link } = call.kernel;
  const redirecting = tc.qdiscs(held.ns).filter(({ kind, index, handle }) => kind === 'ingress' && tc.filters(held.ns, index, handle).some(({ redirect }) => redirect === held.index));
  const sources = new Set(redirecting.map(({ index }) => index));
  return { links: sources.size === 0 ? [] : link.list(held.ns).filter(({ index }) => sources.has(index)).map(({ name, index }) => ({ name, index })) };
}

function addQdisc(call: Call, req: Requests['tc.qdisc']): Answers['tc.qdisc'] {
  const held = target(call, 'tc.qdisc', req.link);
  const qdisc = newQdisc(held.index, req);
  change(call, 'tc.qdisc', lifeOn(held, 'attachment'), { do: 'delete qdisc', ...within(call, held.ns), qdisc: placeOf(qdisc) }, () =>
    call.kernel.tc.addQdisc(held.ns, qdisc));
  return {};
}

function newQdisc(index: number, req: Requests['tc.qdisc']): NewQdisc {
  switch (req.kind) {
    case 'ingress': return { index, kind: 'ingress' };
    case 'htb': return { index, kind: 'htb', handle: ROOT_HANDLE, parent: ROOT, defaultClass: req.defaultClass ?? 0 };
    case 'tbf': {
      const { rate, limit, bufferUs } = req;
      if (rate === undefined || limit === undefined || bufferUs === undefined) {
        throw wrongRequest('tc.qdisc', 'a tbf needs rate, limit and bufferUs');
      }
      return { index, kind: 'tbf', handle: ROOT_HANDLE, parent: ROOT, tbf: { rate, limit, bufferUs } };
    }
    default: return req.kind satisfies never;
  }
}

function addClass(call: Call, req: Requests['tc.class']): Answers['tc.class'] {
  const held = target(call, 'tc.class', req.link);
  const cls = { index: held.index, classid: ROOT_HANDLE + req.minor, parent: ROOT_HANDLE, rate: req.rate, ceil: req.ceil ?? req.rate, bufferUs: req.bufferUs ?? 0 };
  change(call, 'tc.class', lifeOn(held, 'attachment'), { do: 'delete class', ...within(call, held.ns), class: { index: held.index, classid: cls.classid } }, () =>
    call.kernel.tc.addClass(held.ns, cls));
  return {};
}

function addFilter(call: Call, req: Requests['tc.filter']): Answers['tc.filter'] {
  const op = 'tc.filter';
  const held = target(call, op, req.link);
  const to = req.redirect === undefined ? undefined : call.handles.use(req.redirect, op, 'configure');
  if (to && to.ns !== held.ns) throw wrongRequest(op, `"${to.name}" is in the other namespace`, `${to.ns}:${to.name}`);
  const range = req.src ?? req.dst;
  const filter: NewFilter = {
    index: held.index,
    parent: req.parent === 'ingress' ? INGRESS_PLACE.handle : ROOT_HANDLE,
    priority: req.priority ?? 1,
    protocol: range === undefined ? ETH_P_ALL : isIpv6(range) ? ETH_P_IPV6 : ETH_P_IP,
    classid: ROOT_HANDLE + (req.class ?? 1),
    ...(to ? { redirect: to.index } : {}), ...(req.src ? { src: networkOf(req.src) } : {}), ...(req.dst ? { dst: networkOf(req.dst) } : {}),
  };
  change(call, op, lifeOn(held, 'attachment'), { do: 'delete filter', ...within(call, held.ns), filter }, () =>
    call.kernel.tc.addFilter(held.ns, filter));
  return {};
}

function remove(call: Call, req: Requests['tc.delete']): Answers['tc.delete'] {
  const op = 'tc.delete';
  // On a link that others use too it may be theirs; what this attachment has put there the ledger takes back.
  const held = target(call, op, req.link, 'own');
  const found = call.kernel.tc.qdiscs(held.ns, held.index).find(({ kind }) => kind === req.kind);
  if (!found) throw new CniError(CODE.kernel, `no ${req.kind} qdisc on "${held.name}"`, { kind: 'not-found', op });
  call.kernel.tc.deleteQdisc(held.ns, found);
  return {};
}

function target(call: Call, op: string, handle: number, needs: Need = 'configure'): Held {
  const held = call.handles.use(handle, op, needs);
  needNs(call, op, 'tc', held.ns);
  return held;
}

const placeOf = (qdisc: NewQdisc): Qdisc => qdisc.kind === 'ingress'
  ? { ...qdisc, ...INGRESS_PLACE }
  : { index: qdisc.index, kind: qdisc.kind, handle: qdisc.handle, parent: qdisc.parent };
