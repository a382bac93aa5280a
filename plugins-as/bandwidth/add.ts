// ADD: a token bucket on the host veth for what the container gets, and one on an IFB for what it sends.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { linkCreate, linkGet, tcFilter, tcList, tcQdisc } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Interface, Result } from '../sdk/result';
import { findHostVeth, HostVeth } from './host-veth';
import { ifbName } from './ifb';
import { Limit, Limits } from './limits';
import { qdisc } from './queues';
import { Tbf } from './tbf';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const limits = Limits.from(request.config);
  if (limits.problem.length > 0) return fail(limits.problem);
  if (!request.prevResult.exists) return fail('must be called as chained plugin');
  const result = Result.from(request.prevResult);
  if (!limits.given) return result.set();
  const veth = findHostVeth(request, result.interfaces);
  if (veth === null) return 1;
  if (limits.ingress.given && limitQueue(veth.handle, limits.ingress, 'create qdisc') != 0) return 1;
  if (limits.egress.given && limitEgress(veth, limits.egress, ifbName(request), result) != 0) return 1;
  return result.set();
}

function limitEgress(veth: HostVeth, limit: Limit, name: string, result: Result): i32 {
  const wanted = new Obj().str('ns', 'host').str('name', name).str('kind', 'ifb').int('mtu', veth.mtu).int('txqlen', 0).bool('up', true);
  const created = linkCreate(wanted);
  if (!created.ok) return failWith(created.error, 'adding link');
  const ifb = created.json.get('link').int();
  const ingress = tcQdisc(new Obj().int('link', veth.handle).str('kind', 'ingress'));
  // Another plugin before us can have made it for filters of its own; ours stands beside them.
  if (!ingress.ok && !hasIngress(veth.handle)) return failWith(ingress.error, 'create ingress qdisc');
  const redirect = tcFilter(new Obj().int('link', veth.handle).str('parent', 'ingress').int('priority', 1).int('redirect', ifb));
  if (!redirect.ok) return failWith(redirect.error, 'add filter');
  if (limitQueue(ifb, limit, 'create ifb qdisc: create qdisc') != 0) return 1;
  const made = linkGet(new Obj().int('link', ifb));
  if (!made.ok) return failWith(made.error, 'get ifb device');
  result.interfaces.push(new Interface(name, made.json.get('mac').str()));
  return 0;
}

function hasIngress(link: i64): bool {
  return qdisc(tcList(new Obj().int('link', link)), 'ingress', 'ingress').exists;
}

function limitQueue(link: i64, limit: Limit, what: string): i32 {
  const made = tcQdisc(new Tbf(limit).request(link));
  return made.ok ? 0 : failWith(made.error, what);
}
