// Entering the attachment's network namespace, or going on without it where the verb may.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Request } from '../protocol/request.ts';
import type { Host } from './host.ts';

/** For ADD and CHECK. The reference looks for the host's own namespace only after the work is done and printed. */
export function enterNetns(host: Host, request: Request): Kernel {
  return unlessOwn(host.openKernel(request.netns), request);
}

/** For DEL: a namespace that is unset, gone, or no namespace leaves the host's side to be cleaned. */
export function enterNetnsIfThere(host: Host, request: Request): Kernel {
  return unlessOwn(openOr(host, request.netns), request);
}

function openOr(host: Host, netns: string): Kernel {
  try {
    return host.openKernel(netns);
  } catch (error) {
    if (error instanceof CniError && netns !== '') return host.openKernel('');
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
