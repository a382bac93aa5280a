// A call from inside another one of ours: an IPAM program that bridge executes may execute host-local in turn. The outer call waits for the
// inner one while it holds the locks of network and attachment.
// SPDX-License-Identifier: Apache-2.0

import type { Environment } from './environment.ts';
import type { Attachment } from './request.ts';

const VARIABLE = 'CNI_WASM_WITHIN';

/** What the environment of a program says that is executed for this attachment. */
export const withinCallOn = ({ network, containerId, ifname, depth = 0 }: Attachment): Environment => ({ [VARIABLE]: JSON.stringify([network, containerId, ifname, depth + 1]) });

interface Outer {
  /** It is on the same network. */
  network: boolean;
  /** So many calls around this one are on the same interface of the container, under whatever network's name: what they made is not this one's to look for. */
  depth: number;
}

export function outerCall(env: Environment, { network, containerId, ifname }: Attachment): Outer {
  const [outerNetwork, outerContainer, outerIfname, depth] = listIn(env[VARIABLE]);
  return { network: outerNetwork === network, depth: outerContainer === containerId && outerIfname === ifname && typeof depth === 'number' ? depth : 0 };
}

function listIn(text: string | undefined): unknown[] {
  try {
    const value = JSON.parse(text ?? '[]') as unknown;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
