// Operations on sysctls below net/: a grammar, never a path.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { KernelError } from '../kernel/kernel-error.ts';
import type { Ns } from '../kernel/kernel.ts';
import { wrongRequest } from '../wrong-request.ts';
import { change, lifeOn, within, type Call } from './call.ts';
import { needAdd } from './for-verb.ts';
import type { Held } from './handles.ts';
import { denied, granted } from './scope.ts';
import { checkAllowlist } from './sysctl-allowlist.ts';

export const sysctlOps = { 'sysctl.get': get, 'sysctl.usable': usable, 'sysctl.set': set, 'sysctl.allowed': allowed };

/** No element leads back or nowhere; names of interfaces may hold anything else. */
const KEY = /^net(\/(?!\.{1,2}(\/|$))[^/\s\0]+)+$/;
/** Where the kernel has names of links. Elsewhere one that is called like it, a bridge named "core", would stand for what is not the link's. */
const OF_LINK = /^net\/[^/{]+\/(conf|neigh)\/\{link\}\/[^/{]+$/;

function get(call: Call, req: Requests['sysctl.get']): Answers['sysctl.get'] {
  const { ns, key, held } = place(call, 'sysctl.get', req, 'read');
  checkReadable(call, ns, key, req.key, held);
  const value = call.kernel.sysctl.get(ns, key);
  return value === undefined ? {} : { value };
}

/** No key: what cannot be written is the mount, and at STATUS there is no link and no container that a key could name. */
function usable({ kernel }: Call, { ns = 'container' }: Requests['sysctl.usable']): Answers['sysctl.usable'] {
  const errno = kernel.sysctl.unwritable(ns);
  if (errno === undefined) return { usable: true };
  return { usable: false, why: errno === 'EROFS' ? '/proc/sys is mounted read-only (EROFS); mount it writable' : `a file below /proc/sys cannot be opened for writing: ${errno}` };
}

function set(call: Call, req: Requests['sysctl.set']): Answers['sysctl.set'] {
  const op = 'sysctl.set';
  const { ns, key, held } = place(call, op, req, 'adjust');
  if (!mayWrite(call, ns, req.key)) throw denied(call, op, `of "${req.key}" in the ${ns} namespace`, { sysctl: [req.key] }, `${ns}:${key}`);
  if (ns === 'host') needAdd(call, op, 'on the host', `${ns}:${key}`);
  const before = previous(call, ns, key);
  if (before === WRITE_ONLY) {
    call.kernel.sysctl.set(ns, key, req.value);
    return {};
  }
  if (before === undefined) throw new CniError(CODE.kernel, `sysctl "${key}" does not exist in the ${ns} namespace`, { kind: 'not-found', errno: 'ENOENT', op });
  if (before === req.value) return {};
  change(call, op, lifeOn(held ?? { ns }, 'network'), { do: 'set sysctl', ...within(call, ns), key, to: before }, () =>
    call.kernel.sysctl.set(ns, key, req.value));
  return {};
}

/** The container's settings are open to its plugins; of the host's those of the links they hold, and what they may write. */
function checkReadable(call: Call, ns: Ns, key: string, asked: string, held: Held | undefined): void {
  if (ns === 'container' || (held && asked.includes('{link}')) || mayWrite(call, ns, asked)) return;
  throw denied(call, 'sysctl.get', `of "${asked}" in the host namespace`, { sysctl: [asked] }, `host:${key}`);
}

const mayWrite = (call: Call, ns: Ns, key: string): boolean => [key, `${ns}:${key}`].some((text) => granted(call, ({ sysctl }) => sysctl, text));

function allowed(call: Call, { keys }: Requests['sysctl.allowed']): Answers['sysctl.allowed'] {
  return checkAllowlist(call.nodeFiles.tuningAllowlist, keys);
}

/** route/flush and its like do something when they are written, and have nothing to go back to. */
const WRITE_ONLY = Symbol('write-only');

function previous(call: Call, ns: Ns, key: string): string | typeof WRITE_ONLY | undefined {
  try {
    return call.kernel.sysctl.get(ns, key);
  } catch (error) {
    if (error instanceof KernelError && error.errno === 'EACCES') return WRITE_ONLY;
    throw error;
  }
}

function place(call: Call, op: string, req: Requests['sysctl.get'], needs: 'read' | 'adjust'): { ns: Ns; key: string; held?: Held } {
  if (!KEY.test(req.key)) throw wrongRequest(op, `"${req.key}" is not a key like net/ipv4/conf/{link}/arp_notify`);
  const isOfLink = req.key.includes('{link}');
  if (isOfLink && !OF_LINK.test(req.key)) {
    throw wrongRequest(op, `"${req.key}" has {link} where the kernel has no link; it stands in keys like net/ipv4/conf/{link}/arp_notify and net/ipv4/neigh/{link}/gc_stale_time`, req.key);
  }
  if (req.link === undefined) {
    if (isOfLink) throw wrongRequest(op, `"${req.key}" needs a link`);
    return { ns: req.ns ?? 'container', key: req.key };
  }
  const held = call.handles.use(req.link, op, needs);
  // The handle is the link, whatever it is called by now: under its old name there may be another one.
  const link = call.kernel.link.get(held.ns, { index: held.index });
  if (!link) throw new CniError(CODE.kernel, `link "${held.name}" not found`, { kind: 'not-found', errno: 'ENODEV', op, at: `${held.ns}:${held.name}` });
  // A name may hold any byte but `/` and white space; in slash form it is one path element, and `.`/`..` are no interface names.
  // Put in as it is: `$&` is a name, too.
  return { ns: held.ns, key: req.key.replace('{link}', () => link.name), held };
}
