// Operations on routes.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import type { NewRoute, Ns } from '../kernel/kernel.ts';
import { change, within, type Call } from './call.ts';
import { denied, isOwnPrefix, needNs, rightToHostLink } from './scope.ts';

export const routeOps = { 'route.list': list, 'route.add': add, 'route.delete': remove };

function list(call: Call, req: Requests['route.list']): Answers['route.list'] {
  const held = req.link === undefined ? undefined : call.handles.use(req.link, 'route.list', 'read');
  const ns = held?.ns ?? req.ns ?? 'container';
  const routes = (req.to === undefined ? call.kernel.route.list(ns) : [call.kernel.route.to(ns, req.to) ?? []].flat())
    .filter(({ index }) => (held === undefined ? isVisible(call, ns, index) : index === held.index))
    .map(({ dst, gw, src, index, table, metric, scope }) => ({
      dst, table, metric, scope, ...(gw ? { gw } : {}), ...(src ? { src } : {}), ...(index === undefined ? {} : { index }),
    }));
  return { routes };
}

/** Of the host's those that go over links which this module can see. */
function isVisible(call: Call, ns: Ns, index: number | undefined): boolean {
  if (ns === 'container') return true;
  const link = index === undefined ? undefined : call.kernel.link.get('host', { index });
  return link !== undefined && rightToHostLink(call, link) !== undefined;
}

function add(call: Call, req: Requests['route.add']): Answers['route.add'] {
  const { ns, route } = wanted(call, 'route.add', req);
  change(call, 'route.add', lifeIn(ns), { do: 'delete route', ...within(call, ns), route }, () =>
    call.kernel.route.add(ns, route));
  return {};
}

function remove(call: Call, req: Requests['route.delete']): Answers['route.delete'] {
  const { ns, route } = wanted(call, 'route.delete', req);
  change(call, 'route.delete', lifeIn(ns), { do: 'add route', ...within(call, ns), route }, () =>
    call.kernel.route.delete(ns, route));
  return {};
}

function wanted(call: Call, op: string, req: Requests['route.add']): { ns: Ns; route: NewRoute } {
  const { link, ns: asked, ...route } = req;
  const held = link === undefined ? undefined : call.handles.use(link, op, 'configure');
  const ns = held?.ns ?? asked ?? 'container';
  needNs(call, op, 'route', ns);
  if (ns === 'host' && !isOwnPrefix(call, req.dst)) throw denied(call, op, `to ${req.dst} on the host, which is no address of this attachment,`, undefined, `host:${req.dst}`);
  return { ns, route: { ...route, ...(held ? { index: held.index } : {}) } };
}

/** The container's routing goes with the container; the host's is taken back by DEL. */
const lifeIn = (ns: Ns): 'call' | 'attachment' => (ns === 'container' ? 'call' : 'attachment');
