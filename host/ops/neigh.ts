// Operations on neighbour entries.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { change, lifeOn, within, type Call } from './call.ts';
import type { Held } from './handles.ts';
import { denied, isOwnAddress, needNs, sameAddress } from './scope.ts';

export const neighOps = { 'neigh.list': list, 'neigh.add': add, 'neigh.delete': remove };

function list(call: Call, req: Requests['neigh.list']): Answers['neigh.list'] {
  const held = call.handles.use(req.link, 'neigh.list', 'read');
  return { neighbours: call.kernel.neigh.list(held.ns, held.index).map(({ ip, mac, state }) => ({ ip, state, ...(mac ? { mac } : {}) })) };
}

function add(call: Call, req: Requests['neigh.add']): Answers['neigh.add'] {
  const held = target(call, 'neigh.add', req);
  change(call, 'neigh.add', lifeOn(held, 'attachment'), { do: 'delete neighbour', ...within(call, held.ns), index: held.index, ip: req.ip, mac: req.mac }, () =>
    call.kernel.neigh.add(held.ns, held.index, req.ip, req.mac));
  return {};
}

function remove(call: Call, req: Requests['neigh.delete']): Answers['neigh.delete'] {
  const held = target(call, 'neigh.delete', req);
  const there = call.kernel.neigh.list(held.ns, held.index).find(({ ip, mac }) => sameAddress(ip, req.ip) && mac === req.mac);
  if (!there) throw new CniError(CODE.kernel, `neighbour ${req.ip} at ${req.mac} of "${held.name}" not found`, { kind: 'not-found', op: 'neigh.delete' });
  change(call, 'neigh.delete', lifeOn(held, 'attachment'), { do: 'add neighbour', ...within(call, held.ns), index: held.index, ip: req.ip, mac: req.mac }, () =>
    call.kernel.neigh.delete(held.ns, held.index, req.ip));
  return {};
}

function target(call: Call, op: string, { link, ip }: Requests['neigh.add']): Held {
  const held = call.handles.use(link, op, 'configure');
  needNs(call, op, 'neigh', held.ns);
  // Over a link that all share everybody's traffic goes where its neighbours say.
  if (held.ns === 'host' && held.right !== 'own' && !isOwnAddress(call, ip)) throw denied(call, op, `of ${ip} on "${held.name}", which is no address of this attachment,`, undefined, `host:${ip}`);
  return held;
}
