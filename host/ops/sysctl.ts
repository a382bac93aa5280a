// Operations on sysctls below net/: a grammar, never a path.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import type { Ns } from '../kernel/kernel.ts';
import { intend, within, type Call } from './call.ts';
import type { Held } from './handles.ts';
import { denied, granted } from './scope.ts';

export const sysctlOps = { 'sysctl.get': get, 'sysctl.set': set };

const KEY = /^net(\/[a-zA-Z0-9_-]+|\/\{link\})+$/;

function get(call: Call, req: Requests['sysctl.get']): Answers['sysctl.get'] {
  const { ns, key } = place(call, 'sysctl.get', req, 'read');
  const value = call.kernel.sysctl.get(ns, key);
  return value === undefined ? {} : { value };
}

function set(call: Call, req: Requests['sysctl.set']): Answers['sysctl.set'] {
  const op = 'sysctl.set';
  const { ns, key, held } = place(call, op, req, 'configure');
  if (!granted(call, call.grants.sysctl, req.key)) throw denied(call, op, `of "${req.key}"`, { sysctl: [req.key] });
  const before = call.kernel.sysctl.get(ns, key);
  if (before === undefined) throw new CniError(CODE.kernel, `sysctl "${key}" does not exist in the ${ns} namespace`, { kind: 'not-found', errno: 'ENOENT', op });
  if (before === req.value) return {};
  const life = held?.right === 'own' || ns === 'container' ? 'call' : 'network';
  intend(call, op, life, { do: 'set sysctl', ...within(call, ns), key, to: before });
  call.kernel.sysctl.set(ns, key, req.value);
  return {};
}

function place(call: Call, op: string, req: Requests['sysctl.get'], needs: 'read' | 'configure'): { ns: Ns; key: string; held?: Held } {
  if (!KEY.test(req.key)) throw new CniError(CODE.kernel, `${op}: "${req.key}" is not a key like net/ipv4/conf/{link}/arp_notify`, { kind: 'invalid', op });
  if (req.link === undefined) {
    if (req.key.includes('{link}')) throw new CniError(CODE.kernel, `${op}: "${req.key}" needs a link`, { kind: 'invalid', op });
    return { ns: req.ns ?? 'container', key: req.key };
  }
  const held = call.handles.use(req.link, op, needs);
  // A name may hold any byte but `/` and white space; in slash form it is one path element, and `.`/`..` are no interface names.
  return { ns: held.ns, key: req.key.replaceAll('{link}', held.name), held };
}
