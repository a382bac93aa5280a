// The comment that says whose an entry in CNI-HOSTPORT-DNAT is.
// SPDX-License-Identifier: Apache-2.0

import { quote } from '../sdk/quote';

/** xt_comment keeps no more; the reference cuts to 253 and appends three dots, of which the kernel loses one. */
const KEPT = 255;
const CUT = 253;

export function dnatComment(network: string, containerId: string): string {
  const comment = ownedBy(network) + quote(containerId);
  return comment.length <= KEPT ? comment : comment.substring(0, CUT) + '..';
}

/** Every comment of the network that was not cut before its container starts so. */
export function ownedBy(network: string): string {
  return 'dnat name: ' + quote(network) + ' id: ';
}
