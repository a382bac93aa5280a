// CHECK: every queue, and the way that leads to it, is as ADD makes it.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, failWith } from '../sdk/fail';
import { linkGet, tcList } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { findHostVeth } from './host-veth';
import { ifbName } from './ifb';
import { Limit, Limits } from './limits';
import { qdisc, redirects } from './queues';
import { Tbf } from './tbf';

export function check(length: i32): i32 {
  const request = Request.take(length);
  const limits = Limits.from(request.config);
  if (limits.problem.length > 0) return fail(limits.problem);
  if (!request.prevResult.exists) return fail('must be called as a chained plugin');
  if (!limits.given) return 0;
  const veth = findHostVeth(request, Result.from(request.prevResult).interfaces);
  if (veth === null) return 1;
  const queues = list(veth.handle);
  if (!queues.ok) return failWith(queues.error, 'list queues of the host veth');
  if (limits.ingress.given && checkQueue(queues, limits.ingress) != 0) return 1;
  return limits.egress.given ? checkEgress(queues, limits.egress, ifbName(request)) : 0;
}

function checkEgress(veth: Answer, limit: Limit, name: string): i32 {
  const ifb = linkGet(new Obj().str('ns', 'host').str('name', name));
  if (!ifb.ok) return failWith(ifb.error, 'get ifb device');
  if (!qdisc(veth, 'ingress', 'ingress').exists) return fail('Failed to find ingress qdisc on the host veth');
  if (!redirects(veth, ifb.json.get('index').int())) return fail('Failed to find filter that redirects to ' + name);
  const queues = list(ifb.json.get('link').int());
  return queues.ok ? checkQueue(queues, limit) : failWith(queues.error, 'list queues of ' + name);
}

function checkQueue(queues: Answer, limit: Limit): i32 {
  const tbf = new Tbf(limit);
  const found = qdisc(queues, 'tbf', 'root');
  if (!found.exists) return fail('Failed to find qdisc');
  if (found.get('rate').uint() != tbf.rate) return fail("Rate doesn't match");
  if (found.get('limit').uint() != tbf.limit) return fail("Limit doesn't match");
  if (!tbf.hasBuffer(found.get('bufferUs').uint())) return fail("Buffer doesn't match");
  return 0;
}

function list(link: i64): Answer {
  return tcList(new Obj().int('link', link));
}
