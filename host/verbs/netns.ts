// Entering the attachment's network namespace, or going on without it where the verb may.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { namespacesOf } from '../ledger/records.ts';
import type { Undo } from '../ledger/undo.ts';
import type { Request } from '../protocol/request.ts';
import type { Host, Link } from './host.ts';

/**
 * For ADD and CHECK. The reference looks for the host's own namespace only after the work is done and printed. An IPAM plugin by itself has
 * nothing to do in the namespace, and is called for such as do not exist.
 */
export function enterNetns(host: Host, request: Request, links: readonly Link[]): Kernel {
  if (links.every(({ name }) => host.isModule(name) && host.manifestOf(name).role === 'ipam')) return enterNetnsIfThere(host, request);
  return unlessOwn(host.openKernel(request.netns), request);
}

/** For DEL: a namespace that is unset, gone, or no namespace leaves the host's side to be cleaned. Any other error is the call's, which the runtime tries again. */
export function enterNetnsIfThere(host: Host, request: Request): Kernel {
  return unlessOwn(openOr(host, request.netns), request);
}

/**
 * Is what the attachment made in another namespace than the one entered? Paths are used again: `/proc/PID/ns/net` with the number of a process
 * that has ended, `/run/netns/NAME` by who makes it anew.
 */
export function isAnothersNetns(kernel: Kernel, made: readonly Undo[]): boolean {
  const own = [...namespacesOf(made, 'container')];
  return kernel.netnsId('container') !== undefined && own.length > 0 && !own.some((mark) => kernel.isNetns('container', mark));
}

/** Does it say that nothing is at the path, or no network namespace? What cannot be opened now (EACCES, EMFILE) may be there, with all that was made in it. */
export const isNoNetns = (error: unknown): boolean => error instanceof CniError && NO_NETNS.includes(error.facts.errno ?? '');
/** ESRCH: /proc/PID of a process that ends just now. EINVAL: setns(2) of a namespace of another kind, or of no namespace. */
const NO_NETNS = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL'];

function openOr(host: Host, netns: string): Kernel {
  try {
    return host.openKernel(netns);
  } catch (error) {
    if (netns !== '' && isNoNetns(error)) return host.openKernel('');
    throw error;
  }
}

function unlessOwn(kernel: Kernel, { netns, netnsOverride }: Request): Kernel {
  if (netnsOverride || kernel.netnsId('container') !== kernel.netnsId('host')) return kernel;
  kernel.close();
  throw new CniError(CODE.invalidNetns, "plugin's netns and netns from CNI_NETNS should not be the same", {
    details: `CNI_NETNS=${netns} is the namespace the host runs in; set CNI_NETNS_OVERRIDE=1 if that is meant`,
  });
}
