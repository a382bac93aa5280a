// Operations on routes.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { canonicalAddress, isIpv6 } from '../kernel/address.ts';
import type { NewRoute, Ns, Route } from '../kernel/kernel.ts';
import { networkOf } from '../kernel/prefix.ts';
import { change, lifeOn, within, type Call } from './call.ts';
import { denied, isOwnPrefix, needNs, rightToHostLink } from './scope.ts';

export const routeOps = { 'route.list': list, 'route.add': add, 'route.delete': remove };

/** RT_TABLE_MAIN */
const MAIN = 254;

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
  change(call, 'route.add', lifeOn({ ns }, 'attachment'), { do: 'delete route', ...within(call, ns), route: asListed(route) }, () =>
    call.kernel.route.add(ns, route));
  return {};
}

function remove(call: Call, req: Requests['route.delete']): Answers['route.delete'] {
  const op = 'route.delete';
  const { ns, route } = wanted(call, op, req);
  // As the kernel has it, so that it comes back with all that was left out here.
  const there = call.kernel.route.list(ns).find((one) => isMeant(one, route));
  if (!there) throw new CniError(CODE.kernel, `route to ${req.dst} in the ${ns} namespace not found`, { kind: 'not-found', errno: 'ESRCH', op });
  change(call, op, lifeOn({ ns }, 'attachment'), { do: 'add route', ...within(call, ns), route: there }, () =>
    call.kernel.route.delete(ns, there));
  return {};
}

/** What is left out of a deletion means any, and the kernel's own routes come first: it is said what a new route gets (RTPROT_BOOT, IP6_RT_PRIO_USER). */
const asListed = ({ dst, gw, ...route }: NewRoute): NewRoute => ({
  ...route, dst: networkOf(dst), ...(gw === undefined ? {} : { gw: canonicalAddress(gw) }), protocol: route.protocol ?? 3, metric: route.metric || (isIpv6(dst) ? 1024 : 0),
});

function isMeant(one: Route, { dst, gw, src, table = MAIN, index, metric, scope }: NewRoute): boolean {
  const same = (is: string | undefined, asked: string | undefined): boolean => asked === undefined || (is !== undefined && canonicalAddress(is) === canonicalAddress(asked));
  return networkOf(one.dst) === networkOf(dst) && one.table === table && same(one.gw, gw) && same(one.src, src) &&
    [[one.index, index], [one.metric, metric || undefined], [one.scope, scope]].every(([is, asked]) => asked === undefined || is === asked);
}

function wanted(call: Call, op: string, req: Requests['route.add']): { ns: Ns; route: NewRoute } {
  const { link, ns: asked, ...route } = req;
  const held = link === undefined ? undefined : call.handles.use(link, op, 'configure');
  const ns = held?.ns ?? asked ?? 'container';
  needNs(call, op, 'route', ns);
  if (ns === 'host' && !isOwnPrefix(call, req.dst)) throw denied(call, op, `to ${req.dst} on the host, which is no address of this attachment,`, undefined, `host:${req.dst}`);
  return { ns, route: { ...route, ...(held ? { index: held.index } : {}) } };
}
