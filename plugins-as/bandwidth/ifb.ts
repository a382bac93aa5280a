// The intermediate device that stands in for the container's way out: only what leaves a link can be queued, so what the host veth
// receives is sent through this one first.
// SPDX-License-Identifier: Apache-2.0

import { Request } from '../sdk/request';

/** The reference's name for it, so that each of both finds what the other made. */
export function ifbName(request: Request): string {
  return 'bwp' + request.attachmentHash.substring(0, 12);
}

export function isIfbName(name: string): bool {
  if (name.length != 15 || !name.startsWith('bwp')) return false;
  for (let i = 3; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (!(code >= 0x30 && code <= 0x39) && !(code >= 0x61 && code <= 0x66)) return false;
  }
  return true;
}
