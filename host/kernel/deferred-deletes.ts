// A kernel for DEL that deletes links together: each by itself waits 16 to 20 ms for the network stack to be done with it, several at once
// wait as long as one. Until then they are hidden, so that whoever works with it sees them gone.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel, LinkKernel, Ns } from './kernel.ts';

export interface DeferringKernel extends Kernel {
  /** Deletes what waits for it. Throws KernelError. */
  deleteLinks(): void;
}

export function deferringKernel(kernel: Kernel): DeferringKernel {
  /** by index in the host's namespace; for a veth also its end in the container */
  const waiting = new Map<number, { inside?: number }>();
  const isHidden = (ns: Ns, index: number): boolean => (ns === 'host' ? waiting.has(index) : [...waiting.values()].some(({ inside }) => inside === index));
  const link: LinkKernel = {
    ...kernel.link,
    get(ns, key) {
      const found = kernel.link.get(ns, key);
      return found && isHidden(ns, found.index) ? undefined : found;
    },
    list: (ns) => kernel.link.list(ns).filter(({ index }) => !isHidden(ns, index)),
    delete(ns, index) {
      const { kind, peer, peerNs } = kernel.link.get(ns, { index }) ?? {};
      const other = kind === 'veth' && peerNs === (ns === 'host' ? 'container' : 'host') ? peer : undefined;
      if (ns === 'container' && other !== undefined) waiting.set(other, { inside: index });
      else if (ns === 'host' && (kind === 'veth' || kind === 'ifb')) waiting.set(index, other === undefined ? {} : { inside: other });
      else kernel.link.delete(ns, index);
    },
  };
  return {
    ...kernel,
    link,
    deleteLinks() {
      const indexes = [...waiting.keys()];
      waiting.clear();
      if (indexes.length > 0) kernel.link.deleteTogether('host', indexes);
    },
  };
}
