// Link handles: minted here, checked here. A name is looked up once; later operations hold the index, so a rename cannot retarget them.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Ns } from '../kernel/kernel.ts';
import { wrongRequest } from '../wrong-request.ts';

/** How far a module may go with a link. */
export type Right =
  /** made by this attachment, or named after it: anything */
  | 'own'
  /** the network's, or granted by name: configure, never delete */
  | 'granted'
  /** the network's as the plugins before this one say: its settings, as far as sysctls are granted */
  | 'shared'
  /** seen only */
  | 'read';

export interface Held { readonly ns: Ns; readonly index: number; readonly name: string; readonly kind: string; readonly right: Right; /** made in this call, though the network's */ readonly made?: boolean }

/** What an operation does with a link. */
export type Need = 'read' | 'adjust' | 'configure' | 'own';

const ENOUGH: Record<Need, readonly Right[]> = {
  read: ['read', 'shared', 'granted', 'own'], adjust: ['shared', 'granted', 'own'], configure: ['granted', 'own'], own: ['own'],
};

export interface Handles {
  mint(held: Held): number;
  /** Throws `invalid` for a number that was never minted, `denied` when the right does not reach. */
  use(handle: number, op: string, needs: Need): Held;
  /** Whether there was such a handle. */
  close(handle: number): boolean;
}

export function newHandles(): Handles {
  const held = new Map<number, Held>();
  let next = 1;
  return {
    mint(link) {
      held.set(next, link);
      return next++;
    },
    use(handle, op, needs) {
      const link = held.get(handle);
      if (!link) throw wrongRequest(op, `${handle} is not a link handle of this call`, `handle ${handle}`);
      if (!ENOUGH[needs].includes(link.right)) {
        throw new CniError(CODE.capabilityDenied, `${op}: "${link.name}" in the ${link.ns} namespace is not this attachment's`, {
          kind: 'denied', op, at: `${link.ns}:${link.name}`,
        });
      }
      return link;
    },
    close: (handle) => held.delete(handle),
  };
}
