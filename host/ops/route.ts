// Operations on routes.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import type { NewRoute, Ns } from '../kernel/kernel.ts';
import { intend, within, type Call } from './call.ts';
import { needNs } from './scope.ts';

export const routeOps = { 'route.list': list, 'route.add': add, 'route.delete': remove };

function list(call: Call, req: Requests['route.list']): Answers['route.list'] {
  const held = req.link === undefined ? undefined : call.handles.use(req.link, 'route.list', 'read');
  const routes = call.kernel.route.list(held?.ns ?? req.ns ?? 'container')
    .filter(({ index }) => held === undefined || index === held.index)
    .map(({ dst, gw, src, index, table, metric, scope }) => ({
      dst, table, metric, scope, ...(gw ? { gw } : {}), ...(src ? { src } : {}), ...(index === undefined ? {} : { index }),
    }));
  return { routes };
}

function add(call: Call, req: Requests['route.add']): Answers['route.add'] {
  const { ns, route } = wanted(call, 'route.add', req);
  intend(call, 'route.add', lifeIn(ns), { do: 'delete route', ...within(call, ns), route });
  call.kernel.route.add(ns, route);
  return {};
}

function remove(call: Call, req: Requests['route.delete']): Answers['route.delete'] {
  const { ns, route } = wanted(call, 'route.delete', req);
  intend(call, 'route.delete', lifeIn(ns), { do: 'add route', ...within(call, ns), route });
  call.kernel.route.delete(ns, route);
  return {};
}

function wanted(call: Call, op: string, req: Requests['route.add']): { ns: Ns; route: NewRoute } {
  const { link, ns: asked, ...route } = req;
  const held = link === undefined ? undefined : call.handles.use(link, op, 'configure');
  const ns = held?.ns ?? asked ?? 'container';
  needNs(call, op, 'route', ns);
  return { ns, route: { ...route, ...(held ? { index: held.index } : {}) } };
}

/** The container's routing goes with the container; the host's is taken back by DEL. */
const lifeIn = (ns: Ns): 'call' | 'attachment' => (ns === 'container' ? 'call' : 'attachment');
